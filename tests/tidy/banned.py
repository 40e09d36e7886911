"""Banned calls, each with what to write instead."""

import re

import cpp_text

_PLATFORM = "libquicether/src/platform/"
_CRYPTO = "libquicether/src/core/crypto/"
_TESTS = ("tests/unit/", "tests/sim/", "tests/support/")
_LIBRARY = ("libquicether/",)
_CORE = ("libquicether/src/core/", "libquicether/include/quicether/core/")

# (pattern, what to write instead, where it applies, where it does not)
_RULES = [
    (r"\b\w*_clock::now\b", "env.now()", _LIBRARY + _TESTS, (_PLATFORM,)),
    (r"\b(clock_gettime|gettimeofday|time\s*\(\s*(NULL|nullptr|0)\s*\))", "env.now()",
     _LIBRARY + _TESTS, (_PLATFORM,)),
    (r"\b(steady|system|high_resolution|deadline)_timer\b", "Timer", _LIBRARY + _TESTS, ()),
    (r"\bcancel_(after|at)\b", "the timeout option of the operation", _LIBRARY + _TESTS, ()),
    (r"\brandom_device\b|(?<![\w.>])s?rand\s*\(|\bgetrandom\b|\bgetentropy\b|\bRAND_bytes\b",
     "env.random()", _LIBRARY + _TESTS, (_PLATFORM, _CRYPTO)),
    (r"\bsleep_(for|until)\b|\b(u|nano)sleep\b|(?<![\w.>])sleep\s*\(", "virtual time (sim::Simulation)",
     _LIBRARY + _TESTS, ()),
    (r"\bstd::(cout|cerr|clog)\b|\b(v?f?printf|puts|putchar|perror)\s*\(|\bfmt::print\b",
     "the log", _LIBRARY, ("libquicether/src/base/assert.cpp",)),
    (r"(?<![\w.])assert\s*\(", "QE_ASSERT or QE_DASSERT", _LIBRARY, ()),
    (r"\bstd::w?regex\b|#\s*include\s*<regex>", "a hand-written parser", _LIBRARY, ()),
    (r"#\s*include\s*<iostream>", "the log", _LIBRARY, ()),
    (r"#\s*pragma\s+once", "an include guard", ("",), ()),
    (r"#\s*define\s+(private|protected)\b", "a test of the public behaviour", ("",), ()),
    (r"\bco_(await|return|yield)\b", "a machine: core has no coroutines", _CORE, ()),
    (r"\bshared_ptr\b", "unique ownership: core shares nothing", _CORE, ()),
    (r"\bsystem\s*\(|\bpopen\s*\(", "netlink or a system call", _LIBRARY, ()),
]
_COMPILED = [(re.compile(pattern), *rest) for pattern, *rest in _RULES]

_UNORDERED = re.compile(r"\bstd::unordered_\w+\s*<[^;{}]*?>\s+(\w+)\s*(?:[;={]|\bQE_)")
_TODO = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))")


def check_file(path, text, counterpart=""):
    """Yields (line, message). `counterpart` is the header of a source file, for its members."""
    code = cpp_text.code_only(text)
    for pattern, instead, applies, exempt in _COMPILED:
        if not path.startswith(applies) or path.startswith(exempt or ("\0",)):
            continue
        for found in pattern.finditer(code):
            line = cpp_text.line_of(code, found.start())
            yield line, f"{found.group().strip()}: use {instead}"
    for line, name, _ in cpp_text.includes(text):
        if name.endswith(".cpp"):
            yield line, "including a source file: use a header"
    if path.startswith(_CORE):
        yield from _unordered_iteration(code, cpp_text.code_only(counterpart))
    for found in _TODO.finditer(cpp_text.comments_only(text)):
        yield cpp_text.line_of(text, found.start()), f"{found.group()} without (#number)"


def _unordered_iteration(code, counterpart):
    """Their order differs between runs and libraries, so nothing may depend on it."""
    names = set(_UNORDERED.findall(code)) | set(_UNORDERED.findall(counterpart))
    for name in sorted(names):
        loop = re.compile(rf"for\s*\([^;()]*:\s*(this->)?{name}\s*\)|\b{name}\.c?begin\s*\(")
        for found in loop.finditer(code):
            line = cpp_text.line_of(code, found.start())
            yield line, f"iteration over unordered {name}: use an ordered container or a sorted copy"
