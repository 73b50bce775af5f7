#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fails one system call of a command at a time and judges what comes of it.

  inject_calls.py OUT EXPECTED N_RUNS FIRST_N [--seed S] -- COMMAND...

OUT is an empty directory that COMMAND writes to, EXPECTED a directory with what it writes when all is well. Each run fails one
occurrence among the first FIRST_N of one call. Right is either success, with OUT as in EXPECTED, or an exit status of the
catalogue with an id on standard error and no output file but whole ones. N_RUNS 0 tries all, otherwise so many by the seed.
"""
import argparse
import pathlib
import random
import re
import subprocess
import sys

from outcome import content, emptied, judge

# Each with the errors that it can have on a machine that is full, broken or interrupted.
CALLS = {
    "openat": ["EMFILE", "EIO", "EACCES"], "read": ["EIO", "EINTR"], "write": ["ENOSPC", "EIO"], "fsync": ["EIO"],
    "rename,renameat,renameat2": ["ENOSPC", "EXDEV"], "fchmod": ["EPERM"], "connect": ["ENETUNREACH", "EADDRNOTAVAIL"],
    "socket": ["EMFILE"], "recvfrom,recvmsg": ["ECONNRESET", "EINTR"], "sendto,sendmsg": ["EPIPE", "ENOBUFS"],
    "poll,ppoll": ["EINTR", "ENOMEM"], "epoll_wait,epoll_pwait": ["EINTR"], "ioctl": ["EIO"],
    "getrandom": ["EINTR"], "fstat,newfstatat": ["EIO"], "close": ["EIO"],
}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("expected", type=pathlib.Path)
    parser.add_argument("n_runs", type=int)
    parser.add_argument("first_n", type=int)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def main():
    args = arguments()
    expected = content(args.expected)
    runs = [(call, error, n) for call, errors in CALLS.items() for error in errors for n in range(1, args.first_n + 1)]
    chosen = runs if args.n_runs == 0 else random.Random(args.seed).sample(runs, min(args.n_runs, len(runs)))
    n_met = n_survived = n_wrong = 0
    trace = args.out.parent / "inject.trace"
    beyond = {}  # of each call the first occurrence that there is not
    for call, error, n in chosen:
        if n >= beyond.get((call, error), n + 1):
            continue
        emptied(args.out)
        inject = f"inject={call}:error={error}:when={n}"
        done = subprocess.run(["strace", "-f", "-qq", "-e", f"trace={call}", "-e", inject, "-o", trace, *args.command],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        record = trace.read_bytes()
        if b"(INJECTED)" not in record:
            beyond[call, error] = n
            continue
        n_met += 1
        n_survived += done.returncode == 0
        mute = re.search(rb"\bwrite\(2,.*\(INJECTED\)", record) is not None
        wrong = judge(done.returncode, done.stderr, mute, content(args.out), expected)
        if wrong:
            n_wrong += 1
            print(f"wrong: {inject}: {wrong}: {done.stderr[-300:].decode(errors='replace')}")
    emptied(args.out)
    print(f"seed {args.seed}: {len(chosen)} runs, {n_met} with a failure, {n_survived} of them got over it, {n_wrong} wrong")
    return 1 if n_wrong or not n_met else 0


sys.exit(main())
