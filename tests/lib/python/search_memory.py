#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Searches for keys in what a process holds and in what it left behind.

  search_memory.py KEYS memory PID      all of its memory that can be read, page by page
  search_memory.py KEYS core PID        of that what a core file would have: no page marked as not to be dumped
  search_memory.py KEYS files PATH...   files, and those below directories

KEYS is a directory of JWKs. Looked for is each secret member: its bytes (as in DER and JWK), in the order in which big
numbers lie in memory, as hex, and as base64 at each alignment; each in pieces, so that a rest of one is found, too. Prints
a line per finding, and what was searched.
"""
import base64
import json
import pathlib
import re
import sys

PIECE = 16  # bytes of a secret, or characters of its text; none of them occurs by chance
PIECES_MAX = 4
PAGE = 4096
CHUNK = 256 * PAGE
OVERLAP = 64


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def secrets(directory):
    for path in sorted(pathlib.Path(directory).glob("*.jwk")):
        key = json.loads(path.read_text())
        for member in ("k", "d", "p", "q", "dp", "dq", "qi"):
            if member in key:
                yield f"{path.stem}.{member}", from_base64url(key[member])


def forms(raw):
    yield "bytes", raw
    yield "reversed bytes", raw[::-1]
    yield "hex", raw.hex().encode()
    yield "HEX", raw.hex().upper().encode()
    for shift in range(3):  # without the characters that neighbours change
        text = base64.b64encode(b"\0" * shift + raw)[4 if shift else 0:-4]
        yield f"base64 +{shift}", text
        yield f"base64url +{shift}", text.replace(b"+", b"-").replace(b"/", b"_")


def pieces(whole):
    """The first, the last and some between them."""
    last = len(whole) - PIECE
    return {whole[i:i + PIECE] for i in (last * n // (PIECES_MAX - 1) for n in range(PIECES_MAX))}


def mappings(pid, dumped_only):
    """(start, end, name) of each mapping that can be read."""
    found = []
    for line in open(f"/proc/{pid}/smaps"):
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", line)
        if head:
            if "r" in head[3] and head[4] not in ("[vvar]", "[vvar_vclock]", "[vsyscall]"):
                found.append((int(head[1], 16), int(head[2], 16), head[4] or "anonymous memory"))
            readable = "r" in head[3]
        elif dumped_only and readable and found and line.startswith("VmFlags:") and " dd" in line:
            found.pop()
    return found


def used(data):
    """The parts of it between pages of zeros."""
    run = []
    for at in range(0, len(data), PAGE):
        page = data[at:at + PAGE]
        if page.count(0) < len(page):
            run.append(page)
        elif run:
            yield b"".join(run)
            run = []
    if run:
        yield b"".join(run)


def memory(pid, dumped_only):
    """(where, bytes), overlapping; pages of zeros are left out."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for start, end, name in mappings(pid, dumped_only):
            for at in range(start, end, CHUNK):
                mem.seek(at)
                try:
                    data = mem.read(min(CHUNK + OVERLAP, end - at))
                except OSError:
                    print(f"unreadable: {name}")
                    break
                yield from ((name, run) for run in used(data))


def files(paths):
    for top in map(pathlib.Path, paths):
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file():
                yield path.name, path.read_bytes()


directory, kind, *arguments = sys.argv[1:]
wanted = {piece: (name, form) for name, raw in secrets(directory) for form, whole in forms(raw) if len(whole) >= PIECE
          for piece in pieces(whole)}
assert wanted, "no secrets to look for"
findings, n_bytes = set(), 0
for where, data in files(arguments) if kind == "files" else memory(int(arguments[0]), kind == "core"):
    n_bytes += len(data)
    for piece, (name, form) in wanted.items():
        if piece in data:
            findings.add((name, form, where))
for name, form, where in sorted(findings):
    print(f"found: {name} as {form} in {where}")
print(f"searched: {n_bytes} bytes for {len(wanted)} pieces")
