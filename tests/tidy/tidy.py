#!/usr/bin/env python3
"""Checks the source tree for what the compiler does not see.

    tests/tidy/tidy.py [layers] [banned] [hygiene] [format]      (none named: all)
    tests/tidy/tidy.py fix [file...]                             (guards and format, in place)

Prints file:line: message for each finding. Exit code: 0 clean, 1 findings, 77 a tool is missing.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import banned
import hygiene
import layers

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLANG_FORMAT_MAJOR = 19  # what Debian 12 and 13 both have; other releases format differently
SKIPPED = 77


def source_files():
    """The files of the tree as paths below its root: what git tracks or would, or all there is."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=False)
    if listed.returncode == 0:
        names = listed.stdout.decode().split("\0")
    else:
        names = [str(found.relative_to(ROOT)) for found in ROOT.rglob("*")]
        names = [name for name in names if not name.startswith(("build/", ".git/"))]
    return sorted(name for name in names if name and (ROOT / name).is_file())


def read(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def cpp_files():
    return [name for name in source_files() if name.endswith((".cpp", ".hpp"))]


def check_layers():
    declared = layers.Layers(read("libquicether/CMakeLists.txt"))
    for name in cpp_files():
        if name.startswith("libquicether/"):
            found = layers.check_library_file(name, read(name), declared)
        elif name.startswith("apps/"):
            found = layers.check_app_file(name, read(name))
        else:
            continue
        yield from ((name, *finding) for finding in found)
    qed = [read(name) for name in cpp_files() if name.startswith("apps/qed/")]
    yield from (("apps/qed", *finding) for finding in layers.check_qed(qed))


def check_banned():
    for name in cpp_files():
        header = re.sub(r"^libquicether/src/(.*)\.cpp$", r"libquicether/include/quicether/\1.hpp", name)
        counterpart = read(header) if header != name and (ROOT / header).is_file() else ""
        yield from ((name, *found) for found in banned.check_file(name, read(name), counterpart))


def is_binary(name):
    with open(ROOT / name, "rb") as file:
        return b"\0" in file.read(4096) or "/corpus/" in name


def check_hygiene():
    for name in source_files():
        if not is_binary(name):
            executable = os.access(ROOT / name, os.X_OK)
            yield from ((name, *found) for found in hygiene.check_file(name, read(name), executable))


def clang_format():
    """The right clang-format, or None."""
    for program in (f"clang-format-{CLANG_FORMAT_MAJOR}", "clang-format"):
        if shutil.which(program):
            version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
            if f"version {CLANG_FORMAT_MAJOR}." in version.stdout:
                return program
    return None


def check_format():
    program = clang_format()
    if program is None:
        print(f"skipped: no clang-format {CLANG_FORMAT_MAJOR} here (cmake/bootstrap.sh --with ci)")
        sys.exit(SKIPPED)
    names = cpp_files()
    done = subprocess.run([program, "--dry-run", *names], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    for found in re.finditer(r"^(\S+?):(\d+):\d+: warning: ", done.stderr, re.MULTILINE):
        yield found.group(1), int(found.group(2)), f"not formatted: {program} -i {found.group(1)}"
    if done.returncode != 0:
        yield ".clang-format", 1, done.stderr.strip()


CHECKS = {"layers": check_layers, "banned": check_banned, "hygiene": check_hygiene,
          "format": check_format}


def fix(names):
    for name in names:
        if name.endswith(".hpp"):
            (ROOT / name).write_text(hygiene.with_guard(name, read(name)), encoding="utf-8")
    program = clang_format()
    if program is None:
        sys.exit(f"no clang-format {CLANG_FORMAT_MAJOR} here (cmake/bootstrap.sh --with ci)")
    subprocess.run([program, "-i", *names], cwd=ROOT, check=True)
    return 0


def main(wanted):
    if wanted[:1] == ["fix"]:
        return fix([os.path.relpath(name, ROOT) for name in wanted[1:]] or cpp_files())
    unknown = set(wanted) - set(CHECKS)
    if unknown:
        sys.exit(f"unknown check {' '.join(sorted(unknown))}; there are {' '.join(CHECKS)}")
    count = 0
    for check in wanted or CHECKS:
        for name, line, message in CHECKS[check]():
            print(f"{name}:{line}: {message}")
            count += 1
    print(f"{count} findings")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
