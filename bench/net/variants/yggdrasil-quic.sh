# Yggdrasil with a QUIC link.
yggdrasil_link=quic
source "$peers/yggdrasil.sh"
