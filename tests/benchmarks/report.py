# SPDX-License-Identifier: Apache-2.0
"""Makes the page and the plots of docs/benchmarks from results.json: ratios first, then absolute figures."""
import json

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plot  # noqa: E402  (the backend is chosen first)

matplotlib.rcParams.update({"svg.hashsalt": "keyward", "font.size": 9})

# Design bars: (text, how to find the figure, the bar, whether smaller is better)
BARS = [
    ("cached reads, TCP, 32 connections: rate, as a part of the bare server's",
     lambda r: r["reads"]["cases"]["tcp 32"]["ratio"]["rate"]["median"], 0.7, False),
    ("the same: median latency, times the bare server's",
     lambda r: r["reads"]["cases"]["tcp 32"]["ratio"]["p50_us"]["median"], 1.6, True),
    ("exec to listening, ms", lambda r: r["start"]["exec_to_listening_ms"]["median"], 10, True),
    ("resident, idle, MB", lambda r: r["idle"]["memory"]["resident"] / 1024, 12, True),
    ("resident, after load, MB", lambda r: r["reads"]["memory"]["loaded"]["resident"] / 1024, 16, True),
    ("private, idle, MB", lambda r: r["idle"]["memory"]["private"] / 1024, 3, True),
    ("context switches while idle", lambda r: r["idle"]["context_switches"], 0, True),
    ("memory per released EC key, KiB", lambda r: per_key(r, "ec", "resident"), 4, True),
    ("memory per released RSA-4096 key, KiB", lambda r: per_key(r, "rsa4096", "resident"), 8, True),
    ("memory per connection, KiB", lambda r: per_connection(r), 4, True),
    ("instructions per read with many keys, times those with one",
     lambda r: many_keys(r), 1.02, True),
    ("attestations for 50 keys", lambda r: sum("/attest/" in c for c in r["keys"]["calls_for_50"]), 1, True),
    ("CPU of one further release, ms", lambda r: per_key(r, "ec", "cpu"), 3, True),
]


def per_key(results, kty, what):
    first, last = results["keys"][kty][0], results["keys"][kty][-1]
    figure = (lambda row: row["cpu_ms"]) if what == "cpu" else (lambda row: row["memory"][what])
    return (figure(last) - figure(first)) / (last["keys"] - first["keys"])


def per_connection(results):
    memory = results["reads"]["memory"]
    return (memory["with 11,000 connections"]["resident"] - memory["loaded"]["resident"]) / 11000


def many_keys(results):
    rows = results["instructions"]["per_request"]
    one, many = rows["1"], rows[max(rows, key=int)]
    return many / one


def bars(results):
    yield "| figure | found | bar | |\n|---|---|---|---|"
    for text, find, bar, smaller in BARS:
        try:
            found = find(results)
        except KeyError:
            continue
        held = found <= bar if smaller else found >= bar
        yield f"| {text} | {found:.2f} | {'at most' if smaller else 'at least'} {bar} | {'held' if held else 'missed'} |"


def reads(results):
    yield ("| case | rate, ratio | p50, ratio | p99, ratio | keyward, requests/s | bare, requests/s |\n"
           "|---|---|---|---|---|---|")
    for name, case in results["reads"]["cases"].items():
        ratios = []
        for figure in ("rate", "p50_us", "p99_us"):
            r = case["ratio"][figure]
            ratios.append(f"{r['median']:.2f} ({r['lowest']:.2f} to {r['highest']:.2f})")
        yield (f"| {name} | {' | '.join(ratios)} | {case['keyward']['rate']['median']:,.0f} "
               f"| {case['bare']['rate']['median']:,.0f} |")


def plot_reads(results, path):
    cases = results["reads"]["cases"]
    figure, axes = plot.subplots(figsize=(7, 0.5 * len(cases) + 1))
    values = [c["ratio"]["rate"] for c in cases.values()]
    errors = [[v["median"] - v["lowest"] for v in values], [v["highest"] - v["median"] for v in values]]
    axes.barh(list(cases), [v["median"] for v in values], xerr=errors, color="#4878a8", capsize=3)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.axvline(0.7, color="#b04040", linewidth=0.8, linestyle="--")
    axes.set_xlabel("requests per second, as a part of the bare server's (median of the pairs, lowest to highest)")
    axes.invert_yaxis()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plot.close(figure)


def plot_growth(results, path):
    figure, axes = plot.subplots(figsize=(7, 3))
    for kty, rows in results["keys"].items():
        if kty == "calls_for_50":
            continue
        axes.plot([r["keys"] for r in rows], [r["memory"]["resident"] / 1024 for r in rows], marker="o",
                  label=f"{kty}: {per_key(results, kty, 'resident'):.1f} KiB each")
    axes.set_xlabel("released keys")
    axes.set_ylabel("resident memory, MB")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plot.close(figure)


def write(out):
    results = json.loads((out / "results.json").read_text())
    m = results["machine"]
    parts = ["# Benchmarks", "",
             f"Measured by `tests/bench` on {m['date']}: {m['processor']}, {m['cores']} cores shared by server and load, Linux "
             f"{m['kernel']}, load average before {m['load_before']}"
             + ("; a quick run (`--quick`), with few and short pairs." if results["quick"] else "."),
             "The bare server is nothing but libmicrohttpd with the same body, in the same run; pairs alternate.",
             "", "## Against the bars", "", *bars(results)]
    if "reads" in results:
        plot_reads(results, out / "reads.svg")
        parts += ["", "## Cached reads", "", "![](reads.svg)", "", *reads(results)]
    if "keys" in results:
        plot_growth(results, out / "growth.svg")
        parts += ["", "## Growth", "", "![](growth.svg)"]
    if "system_calls" in results:
        parts += ["", "## System calls per cached read", "",
                  ", ".join(f"{name} {n}" for name, n in results["system_calls"].items())]
    if "sizes" in results:
        s = results["sizes"]
        parts += ["", "## Sizes", "", f"The program, stripped: {s['program_bytes'] / 1e6:.2f} MB; the {s['libraries']} shared "
                  f"libraries that it loads: {s['libraries_bytes'] / 1e6:.1f} MB."]
    (out / "README.md").write_text("\n".join(parts) + "\n")
