#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An agent under random faults: soak.py WORK SECONDS SEED [SVG]. It must lose no key and must not grow: memory of the last
third of the time is held against that of the middle third. SVG gets the plot."""
import pathlib
import random
import sys
import time

from agents import Agent, Lab, Tap, wait_for

WORK, SECONDS, SEED = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
SVG = sys.argv[4] if len(sys.argv) > 4 else None
NOISE = 0.02  # pages come and go with the allocator: so much more is no growth
FAULTS = [("maa", "status", "code=503", "times=3"), ("maa", "reset", "times=2"), ("maa", "throttle", "retry-after=1", "times=2"),
          ("vault", "status", "code=500", "times=4"), ("vault", "throttle", "retry-after=1", "times=3"), ("vault", "truncate", "times=2"),
          ("vault", "garbage", "times=1"), ("vault", "status", "code=401", "times=1"), ("vault", "delay", "ms=700", "times=2"),
          ("vault", "region-move", "times=1"), ("tpm", "busy", "times=4"), ("tpm", "gone", "times=1")]
KEYS = {"rsa": ("RSA", "--size", 2048), "ec": ("EC", "--curve", "P-384"), "oct": ("oct", "--size", 256)}


def memory(agent):
    """(resident, anonymous) in KiB: the second is what was allocated and is live."""
    text = pathlib.Path(f"/proc/{agent.child.pid}/status").read_text()
    return tuple(int(line.split()[1]) for name in ("VmRSS", "RssAnon") for line in text.splitlines() if line.startswith(name + ":"))


def plot(samples):
    """One line for each of the two, over minutes and MiB, written by hand."""
    top = max(s[1] for s in samples) * 1.2 / 1024
    x = lambda t: 60 + 620 * t / samples[-1][0]
    y = lambda kib: 300 - 260 * kib / 1024 / top
    line = lambda i, colour: '<polyline fill="none" stroke="%s" points="%s"/>' % (
        colour, " ".join(f"{x(s[0]):.1f},{y(s[i]):.1f}" for s in samples))
    text = lambda left, down, words, colour="black": f'<text x="{left}" y="{down}" fill="{colour}">{words}</text>'
    ticks = "".join(f'<line x1="60" x2="680" y1="{y(m * 1024):.1f}" y2="{y(m * 1024):.1f}" stroke="#ddd"/>' + text(20, f"{y(m * 1024) + 4:.1f}", m)
                    for m in range(0, int(top) + 1, max(1, int(top) // 5)))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 340" font-family="sans-serif" font-size="12">{ticks}'
            + line(1, "#0066aa") + line(2, "#cc5500") + text(70, 20, "MiB resident", "#0066aa")
            + text(180, 20, "MiB of its own (anonymous)", "#cc5500")
            + text(60, 325, f"{samples[-1][0] / 60:.0f} minutes of random faults, one every two seconds, seed {SEED}") + "</svg>\n")


def thirds(samples, i):
    n = len(samples) // 3
    return [sum(s[i] for s in part) / len(part) for part in (samples[n:2 * n], samples[2 * n:])]


def main():
    tap, chance, samples = Tap(), random.Random(SEED), []
    lab = Lab(WORK / "lab")
    for name, how in KEYS.items():
        lab.key(name, "--kty", *how)
    keys = [{**lab.config["keys"][0], "name": n, "url": f"{lab.at['vault']}/keys/{n}", "refresh": "1s"} for n in KEYS]
    changes = {"keys": keys, "attestation": {**lab.config["attestation"], "maxAge": "5s"}, "log": {"level": "warning"},
               "retry": {"attempts": 3, "base": "50ms", "max": "500ms", "deadline": "5s"}}
    lost, n_faults = set(), 0
    with Agent(lab, WORK / "agent", changes) as agent:
        agent.wait_ready()
        begun = time.monotonic()
        while (now := time.monotonic() - begun) < SECONDS:
            lab.fault(*chance.choice(FAULTS))
            n_faults += 1
            time.sleep(2)
            lost |= {n for n in KEYS if agent.get(f"/v1/keys/{n}")[0] != 200}
            samples.append((now, *memory(agent)))
        lab.clear()
        wait_for("every key is ready again", lambda: set(agent.states().values()) == {"ready"}, 90)
    tap.check(f"seed {SEED}: {n_faults} faults in {SECONDS} s, no key lost", not lost, lost)
    for i, name in ((1, "resident memory"), (2, "memory of its own")):
        middle, last = thirds(samples, i)
        tap.check(f"{name}: {last:.0f} KiB in the last third, {middle:.0f} in the middle one, {100 * NOISE:.0f} % are noise",
                  last <= middle * (1 + NOISE))
    if SVG:
        pathlib.Path(SVG).write_text(plot(samples))
    lab.stop()
    sys.exit(tap.failed > 0)


main()
