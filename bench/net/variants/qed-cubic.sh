# qed whose datagrams are held back by CUBIC.
qed_environment="QUICETHER_TRANSPORT_CONGESTION_CONTROL=cubic"
source "$peers/qed.sh"
