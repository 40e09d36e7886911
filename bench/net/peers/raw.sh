# The cable alone, without a tunnel: what the machine can do.
version() { uname -r; }
prepare() { overlay a "$(underlay a)" && overlay b "$(underlay b)"; }
