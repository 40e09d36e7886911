# n2n with AES. Its supernode runs beside b; the two edges then talk directly.
available() { need "$fetched/bin/edge" "$fetched/bin/supernode"; }
version() { package_version n2n; }

start() {
  if [[ $1 == b ]]; then
    spawn b "$fetched/bin/supernode" -f -p 7654 -u 0 -g 0
  fi
  spawn "$1" "$fetched/bin/edge" -f -u 0 -g 0 -d "$(device "$1")" -c bench -k benchbenchbench -A3 \
    -a "static:$(overlay "$1")/24" -l "$(underlay b):7654"
  [[ $1 == a ]] || wait_device b
}
