# The kernel's VXLAN: an overlay without encryption and without a process.
version() { uname -r; }
available() { ip link add vxlan-check type vxlan id 1 dstport 4789 && ip link del vxlan-check; }
start() {
  inside "$1" ip link add "$(device "$1")" type vxlan id 7 dstport 4789 \
    local "$(underlay "$1")" remote "$(underlay "$(other "$1")")"
  inside "$1" ip addr add "$(overlay "$1")/24" dev "$(device "$1")"
  inside "$1" ip link set "$(device "$1")" up
}
