"""Include guards, file modes, and what a public repository must not contain."""

import re

_TEXT = (".cpp", ".hpp", ".c", ".h", ".py", ".sh", ".cmake", ".md", ".txt", ".in", ".json", ".toml")
_CPP = (".cpp", ".hpp")

# Spelt so that this file does not match itself.
_PRIVATE_PLACES = re.compile(
    r"(?<![\w.~])/(root|home/\w+|work)/[\w.]+|\b(deb|ftp|snapshot|security)[.]" + r"debian[.]org"
)


def guard_of(path):
    """The include guard a header must have: its name as includes spell it; internal ones with SRC."""
    name = re.sub(r"^libquicether/(include/quicether/|(?=src/))", "", path)
    return "QUICETHER_" + re.sub(r"\W", "_", name).upper()


def check_guard(path, text):
    guard = guard_of(path)
    lines = [line for line in text.split("\n") if line and not line.startswith("//")]
    if lines[:2] != [f"#ifndef {guard}", f"#define {guard}"]:
        yield 1, f"must begin with the include guard {guard}"
    if not text.rstrip().endswith(f"#endif  // {guard}"):
        yield text.rstrip().count("\n") + 1, f"must end with #endif  // {guard}"


def with_guard(path, text):
    """`text` with the right include guard instead of the one it has."""
    present = re.search(r"^#ifndef (QUICETHER_\w+)\n#define \1$", text, re.MULTILINE)
    return re.sub(rf"\b{present.group(1)}\b", guard_of(path), text) if present else text


def check_file(path, text, is_executable):
    """Yields (line, message)."""
    if path.endswith(".hpp"):
        yield from check_guard(path, text)
    if text.startswith("#!") != is_executable:
        yield 1, "has a #! line but is not executable" if text.startswith("#!") else (
            "is executable but has no #! line")
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "no newline at the end"
    is_text = path.endswith(_TEXT)
    for number, line in enumerate(text.split("\n"), 1):
        if is_text and line != line.rstrip():
            yield number, "white space at the end of the line"
        if path.endswith(_CPP) and "\t" in line:
            yield number, "tab"
        found = _PRIVATE_PLACES.search(line)
        if found:
            yield number, f"names a place of one machine or a mirror: {found.group()}"
