# qed whose packets are held back by an outer CUBIC.
qed_environment="QUICETHER_TRANSPORT_DATAGRAM_CONTROL=connection
  QUICETHER_TRANSPORT_CONGESTION_CONTROL=cubic"
source "$peers/qed.sh"
