# qed whose datagrams are held back by BBR.
qed_environment="QUICETHER_TRANSPORT_CONGESTION_CONTROL=bbr"
source "$peers/qed.sh"
