# SPDX-License-Identifier: Apache-2.0
"""What may come of a command in which something was made to fail: the right files, or an error with an id and no files."""
import re
import shutil

STATUSES = {64, 65, 66, 69, 70, 73, 74, 75, 76, 77, 78}
ID = re.compile(rb"KW-[A-Z]{3}-\d{3}")
# Before main() there is nobody who could name an id: the loader's own failure, and its status.
LOADER_STATUS = 127
LOADER = re.compile(rb"error while loading shared libraries|cannot (?:allocate|apply|create|map|open|read|stat|close)")
# What the agent asks for and does not get ends it by this line (util/memory.h).
SIGABRT = -6
OUT_OF_MEMORY = b"keyward: out of memory\n"


def content(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def emptied(directory):
    shutil.rmtree(directory)
    directory.mkdir()


def judge(status, stderr, mute, files, expected):
    """What is wrong, or None. A mute one could not write to standard error."""
    for name, data in files.items():
        if expected.get(name) != data:
            return f"left the file {name}, {len(data)} bytes"
    if status == 0:
        return None if files == expected else f"success, without {sorted(set(expected) - set(files))}"
    if status == SIGABRT and OUT_OF_MEMORY in stderr or status == LOADER_STATUS and LOADER.search(stderr):
        return None
    if b"KW-SEC-005" in stderr:
        return "a forbidden system call"
    if status not in STATUSES:
        return f"signal {-status}" if status < 0 else f"exit status {status}"
    return None if mute or ID.search(stderr) else f"exit status {status} without an id"
