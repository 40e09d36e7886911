# qed whose packets are held back by an outer BBR, as in a build without our patch of ngtcp2.
qed_environment="QUICETHER_TRANSPORT_DATAGRAM_CONTROL=connection
  QUICETHER_TRANSPORT_CONGESTION_CONTROL=bbr"
source "$peers/qed.sh"
