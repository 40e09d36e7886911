"""What the checks need to know of C++: which text is code, and which lines are includes."""

import re

_COMMENT_OR_LITERAL = re.compile(
    r"""//[^\n]*
      | /\*.*?\*/
      | (?<![0-9a-fA-F])R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)"
      | "(?:\\.|[^"\\\n])*"
      | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'
    """,
    re.DOTALL | re.VERBOSE,
)


def code_only(text):
    """`text` with comments and literals blanked; line numbers stay right."""
    return _COMMENT_OR_LITERAL.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def comments_only(text):
    """`text` with everything but comments blanked."""
    out = re.sub(r"[^\n]", " ", text)
    for found in _COMMENT_OR_LITERAL.finditer(text):
        if found.group().startswith("/"):
            out = out[: found.start()] + found.group() + out[found.end() :]
    return out


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def includes(text):
    """(line, name, True when in angle brackets) of every #include."""
    for found in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*(<[^>]+>|"[^"]+")', text, re.MULTILINE):
        quoted = found.group(1)
        yield line_of(text, found.start()), quoted[1:-1], quoted[0] == "<"
