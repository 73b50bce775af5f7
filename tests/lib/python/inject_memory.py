#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fails one allocation of a command at a time and judges what comes of it (tests/lib/fail_alloc.c, outcome.py).

  inject_memory.py LIBRARY OUT EXPECTED N_OWN N_LIBRARY [--seed S] -- COMMAND...

N_OWN of the allocations that the program itself makes (0: each of them) and N_LIBRARY of those that libraries make fail, one per
run. OUT and EXPECTED are as for inject_calls.py.
"""
import argparse
import os
import pathlib
import random
import struct
import subprocess
import sys

from outcome import content, emptied, judge

PLAN = struct.Struct("<4Q")  # own_at, library_at, n_own, n_library


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("expected", type=pathlib.Path)
    parser.add_argument("n_own", type=int)
    parser.add_argument("n_library", type=int)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def run(args, own_at, library_at):
    """The process that ended, and how many allocations of each kind it made."""
    emptied(args.out)
    plan = args.out.parent / "inject.plan"
    plan.write_bytes(PLAN.pack(own_at, library_at, 0, 0))
    done = subprocess.run(args.command, env=os.environ | {"LD_PRELOAD": str(args.library), "FAIL_ALLOC": str(plan)},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    return done, PLAN.unpack(plan.read_bytes())[2:]


def main():
    args = arguments()
    expected = content(args.expected)
    done, (n_own, n_library) = run(args, 0, 0)
    if done.returncode != 0 or not n_own or not n_library:
        print(f"without a failure: status {done.returncode}, {n_own} and {n_library} allocations: {done.stderr.decode()}")
        return 1
    dice = random.Random(args.seed)
    own = range(1, n_own + 1) if args.n_own == 0 else dice.sample(range(1, n_own + 1), min(args.n_own, n_own))
    library = [dice.randint(1, n_library) for _ in range(args.n_library)]
    n_met = n_survived = n_aborted = n_wrong = 0
    for own_at, library_at in [(n, 0) for n in own] + [(0, n) for n in library]:
        done, counts = run(args, own_at, library_at)
        if counts[0] < own_at or counts[1] < library_at:
            continue  # this run needed fewer
        n_met += 1
        n_survived += done.returncode == 0
        n_aborted += done.returncode < 0
        wrong = judge(done.returncode, done.stderr, False, content(args.out), expected)
        if wrong:
            n_wrong += 1
            print(f"wrong: own {own_at}, library {library_at}: {wrong}: {done.stderr[-300:].decode(errors='replace')}")
    emptied(args.out)
    print(f"seed {args.seed}: {n_met} failures among {n_own} own allocations and {n_library} of libraries: "
          f"{n_survived} without harm, {n_met - n_survived - n_aborted - n_wrong} refused, {n_aborted} out of memory, {n_wrong} wrong")
    return 1 if n_wrong or not n_met else 0


sys.exit(main())
