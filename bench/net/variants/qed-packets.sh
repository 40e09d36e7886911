# qed that sends super-packets packet by packet, without chunks.
qed_environment="QUICETHER_PERFORMANCE_CHUNKS=false"
source "$peers/qed.sh"
