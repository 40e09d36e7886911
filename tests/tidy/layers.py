"""Layer edges: who may include whom. The rule is read from the link lines of the layers."""

import re

import cpp_text

# Third-party headers by prefix, and the layers that may include them. Layers that are not named by
# any entry of a header's prefix may not include it. "*" is every layer outside base and core.
_THIRD_PARTY = [
    ("boost/asio", {"*"}),
    ("boost/beast", {"*"}),
    ("boost/system/", {"*", "base", "core"}),
    ("boost/json", {"mgmt"}),
    ("boost/", {"*"}),
    ("fmt/", {"*", "base", "core"}),
    ("toml++/", {"mgmt"}),
    ("prometheus/", {"mgmt"}),
    ("openssl/", {"core_crypto", "core_quic:tls"}),
    ("ngtcp2/", {"core_quic"}),
    ("nghttp3/", set()),
    ("netlink/", {"platform"}),
]

# Operating-system headers: nowhere in a public header, in base or in core. Exempt is what only
# computes: the text form of addresses in base, and the structs that ngtcp2's interface takes.
_OS_HEADER = re.compile(
    r"^(sys|net|netinet|arpa|linux|asm|bits)/"
    r"|^(unistd|fcntl|poll|pthread|signal|dlfcn|ifaddrs|netdb|sched|termios|pwd|grp|spawn)\.h$"
)
_COMPUTES_ONLY = {"base": {"arpa/inet.h", "netinet/in.h"},
                  "core_quic": {"arpa/inet.h", "netinet/in.h", "sys/socket.h"}}

# Headers beside the public classes that are not the shell's.
_PLACED = {"version.hpp": "base", "identity.hpp": "identity",
           "system_environment.hpp": "platform"}

_PUBLIC = "libquicether/include/quicether/"
_PRIVATE = "libquicether/src/"


class Layers:
    """The layers declared with quicether_layer() in libquicether/CMakeLists.txt."""

    def __init__(self, cmake_text):
        self.folders = {}  # folder below src -> layer
        self.allowed = {}  # layer -> layers it may include, itself among them
        declared = re.findall(r"^quicether_layer\((.*?)\)", cmake_text, re.MULTILINE | re.DOTALL)
        for call in declared:
            name, *words = call.split()
            section, found = None, {"DIRS": [], "DEPS": [], "LINK": [], "PRIVATE": []}
            for word in words:
                if word in found:
                    section = word
                else:
                    found[section].append(word)
            for folder in found["DIRS"]:
                self.folders[folder.removesuffix("/linux")] = name
            self.allowed[name] = {name}.union(*(self.allowed[dep] for dep in found["DEPS"]))

    def of_path(self, path):
        """The layer of a path below src or include/quicether; the public classes are the shell's."""
        for folder, layer in self.folders.items():
            if path.startswith(folder + "/"):
                return layer
        if path in _PLACED:
            return _PLACED[path]
        return "shell" if "/" not in path or path.startswith("detail/") else None


def _third_party_allowed(header, layer, path):
    for prefix, layers in _THIRD_PARTY:
        if header.startswith(prefix):
            group = "core" if layer.startswith("core_") else "base" if layer == "base" else "*"
            tls_glue = f"{layer}:tls" in layers and "tls" in path.rsplit("/", 1)[-1]
            return layer in layers or group in layers or tls_glue
    return True


def check_library_file(path, text, layers):
    """Yields (line, message) for the includes of a file of the library."""
    is_public = path.startswith(_PUBLIC)
    own_path = path.removeprefix(_PUBLIC).removeprefix(_PRIVATE)
    layer = layers.of_path(own_path)
    if layer is None:
        yield 1, "belongs to no layer: name its folder in libquicether/CMakeLists.txt"
        return
    for line, name, is_system in cpp_text.includes(text):
        first_party = name.removeprefix("quicether/") if is_system else name
        if name.startswith("quicether/") or not is_system:
            if not is_system and "/" not in name: # a file beside this one
                first_party = f"{own_path.rpartition('/')[0]}/{name}"
            target = layers.of_path(first_party)
            if is_public and not is_system:
                yield line, f'"{name}" is internal: a public header includes <quicether/...> only'
            elif target is None:
                yield line, f"{name} belongs to no layer"
            elif target not in layers.allowed[layer]:
                yield line, f"layer {layer} must not include {name} of layer {target}"
        elif not _third_party_allowed(name, layer, path):
            yield line, f"layer {layer} must not include <{name}>"
        elif is_public and re.match(r"(openssl|ngtcp2|nghttp3|netlink)/", name):
            yield line, f"a public header must not include <{name}>"
        elif _OS_HEADER.match(name):
            if is_public:
                yield line, f"a public header must not include <{name}> of the operating system"
            elif layer.startswith(("base", "core_")) and name not in _COMPUTES_ONLY.get(layer, ()):
                yield line, f"layer {layer} must not include <{name}> of the operating system"


def check_app_file(path, text):
    """Yields (line, message): programs use the public headers, and their own files by name."""
    for line, name, is_system in cpp_text.includes(text):
        if not is_system and "/" in name:
            yield line, f'"{name}": a program includes <quicether/...> and files beside it only'
        elif name.startswith("quicether/detail/"):
            yield line, f"<{name}> is not for programs"
        elif is_system and re.match(r"(openssl|ngtcp2|nghttp3)/", name):
            yield line, f"a program must not include <{name}>"


QED_LINES_MAX = 499  # requirement J1: whatever qed does, another program does with little code


def check_qed(texts):
    """qed stays thin: what grows belongs into the library, where embedders have it too."""
    lines = sum(text.count("\n") for text in texts)
    if lines > QED_LINES_MAX:
        yield 1, f"apps/qed has {lines} lines, more than {QED_LINES_MAX}: move some into the library"
