# qed without the kernel's segmentation and receive offloads.
qed_environment="QUICETHER_PERFORMANCE_OFFLOAD=false"
source "$peers/qed.sh"
