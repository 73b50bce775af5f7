# SPDX-License-Identifier: Apache-2.0
"""Measures everything, one group after the other, and writes results.json; report.py makes pages of it."""
import argparse
import json
import pathlib
import platform
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

import report
from processes import BARE, KEYWARD, LOAD, Platform, Process, probe, wait_for

BARE_PORT = 9090
BARE_SOCKET = "bare.sock"


def median_and_spread(values):
    return {"median": statistics.median(values), "lowest": min(values), "highest": max(values), "n": len(values)}


def wrk(url, connections, seconds):
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url], check=True,
                         capture_output=True, text=True).stdout
    if "Non-2xx" in out:
        raise SystemExit(f"{url}: not every answer was a 200\n{out}")
    if not re.search(r"^\s+\d+ requests in", out, re.M) or "\n  0 requests in" in out:
        raise SystemExit(f"{url}: no request was answered\n{out}")
    unit = {"us": 1, "ms": 1e3, "s": 1e6}
    latency = {p: float(v) * unit[u] for p, v, u in re.findall(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s)", out, re.M)}
    return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), "p50_us": latency["50"], "p99_us": latency["99"]}


def load_get(requests, connections, where, path):
    return json.loads(subprocess.run([LOAD, "get", str(requests), str(connections), str(where), path], check=True,
                                     stdout=subprocess.PIPE, text=True).stdout)


def paired(pairs, ours, bare):
    """Alternates, so that a slow moment of the machine meets both."""
    rows = []
    for i in range(pairs):
        first, second = (ours, bare) if i % 2 == 0 else (bare, ours)
        a, b = first(), second()
        rows.append((a, b) if i % 2 == 0 else (b, a))
    result = {"keyward": {}, "bare": {}, "ratio": {}}
    for figure in ("rate", "p50_us", "p99_us"):
        result["keyward"][figure] = median_and_spread([a[figure] for a, _ in rows])
        result["bare"][figure] = median_and_spread([b[figure] for _, b in rows])
        result["ratio"][figure] = median_and_spread([a[figure] / b[figure] for a, b in rows])
    return result


def body_size():
    with urllib.request.urlopen("http://127.0.0.1:8080/v1/keys/demo") as answer:
        return len(answer.read())


def reads(world, quick):
    pairs, seconds, requests = (5, 1, 20000) if quick else (7, 4, 200000)
    directory, results = world.directory, {}
    with world.agent(world.config("reads", [("demo", "demo")])) as agent:
        size = body_size()
        with Process([BARE, size, BARE_PORT], directory / "bare.log") as bare, \
                Process([BARE, size, directory / BARE_SOCKET], directory / "bare.log"):
            wait_for(10, "the bare server listens", lambda: probe("", BARE_PORT))
            ours, theirs = "http://127.0.0.1:8080/v1/keys/demo", f"http://127.0.0.1:{BARE_PORT}/v1/keys/demo"
            for connections in (1, 32, 256):
                results[f"tcp {connections}"] = paired(pairs, lambda c=connections: wrk(ours, c, seconds),
                                                       lambda c=connections: wrk(theirs, c, seconds))
            results["socket 32"] = paired(pairs, lambda: load_get(requests, 32, directory / "keyward.sock", "/v1/keys/demo"),
                                          lambda: load_get(requests, 32, directory / BARE_SOCKET, "/v1/keys/demo"))
            loaded, bare_loaded = agent.memory_kb(), bare.memory_kb()
            with Process([LOAD, "hold", 5000, 500, 8080, "/v1/keys/demo"], directory / "hold.log"), \
                    Process([LOAD, "hold", 5000, 500, directory / "keyward.sock", "/v1/keys/demo"], directory / "hold.log"):
                wait_for(60, "10,000 idle and 1,000 slow connections are open",
                         lambda: (directory / "hold.log").read_text().count("held") == 2)
                time.sleep(1)
                crowded = agent.memory_kb()
                results["tcp 32, beside 10,000 idle and 1,000 slow"] = paired(
                    pairs, lambda: wrk(ours, 32, seconds), lambda: wrk(theirs, 32, seconds))
    return {"body_bytes": size, "cases": results, "memory": {"loaded": loaded, "bare_loaded": bare_loaded,
                                                             "with 11,000 connections": crowded}}


def start(world, quick):
    config, listening, ready = world.config("start", [("demo", "demo")]), [], []
    for _ in range(5 if quick else 21):
        begun = time.monotonic_ns()
        agent = world.agent(config, ready=None)
        while True:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", 8081)) == 0:
                    break
        listening.append((time.monotonic_ns() - begun) / 1e6)
        wait_for(60, "the agent is ready", lambda: probe("readyz"))
        ready.append((time.monotonic_ns() - begun) / 1e6)
        agent.stop()
    return {"exec_to_listening_ms": median_and_spread(listening), "exec_to_ready_ms": median_and_spread(ready)}


def idle(world, quick):
    seconds = 5 if quick else 60
    with world.agent(world.config("idle", [("demo", "demo")])) as agent:
        time.sleep(2)
        before, cpu = agent.context_switches(), agent.cpu_ms()
        time.sleep(seconds)
        return {"seconds": seconds, "context_switches": agent.context_switches() - before,
                "cpu_ms": agent.cpu_ms() - cpu, "memory": agent.memory_kb()}


def released(world, kty, n):
    """Memory and CPU time once n keys are served, all of one vault key."""
    keys = [(f"k{i}", kty) for i in range(n)]
    with world.agent(world.config(f"{kty}-{n}", keys), ready=600) as agent:
        time.sleep(1)
        return {"keys": n, "memory": agent.memory_kb(), "cpu_ms": agent.cpu_ms()}


def keys(world, quick):
    world.key("ec", "--kty", "EC", "--curve", "P-256")
    world.key("rsa4096", "--kty", "RSA", "--size", "4096")
    steps = [1, 50, 200] if quick else [1, 50, 200, 500, 1000]
    rows = {kty: [released(world, kty, n) for n in steps] for kty in ("ec", "rsa4096")}
    before = len(world.calls())
    released(world, "ec", 50)
    rows["calls_for_50"] = [line for line in world.calls()[before:]]
    return rows


def instructions(world, quick):
    """Instructions inside the server per cached read, by callgrind, with one key and with many."""
    many, requests, rows = (20 if quick else 1000), 2000, {}
    for n in (1, many):
        pairs = [("demo", "demo")] + [(f"k{i}", "ec") for i in range(n - 1)]
        config = world.config(f"callgrind-{n}", pairs, memory_lock="bestEffort", retry_deadline="300s")
        out = world.directory / f"callgrind.{n}"
        agent = Process(["valgrind", "--tool=callgrind", "--toggle-collect=MHD_run", f"--callgrind-out-file={out}",
                         KEYWARD, "serve", "-c", config, "--no-sandbox"], world.directory / "callgrind.log")
        wait_for(1500, "the agent is ready under callgrind", lambda: probe("readyz"))
        subprocess.run(["callgrind_control", "-z", str(agent.pid)], check=True, capture_output=True)
        load_get(requests, 1, 8080, "/v1/keys/demo")
        agent.stop()
        rows[str(n)] = int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1]) / requests
    return {"requests": requests, "per_request": rows}


def system_calls(world, quick):
    requests, counts = 5000, []
    for n in (0, requests):
        out = world.directory / f"strace.{n}"
        config = world.config("strace", [("demo", "demo")])
        agent = Process(["strace", "-f", "-c", "-o", out, KEYWARD, "serve", "-c", config], world.directory / "strace.log")
        wait_for(60, "the agent is ready under strace", lambda: probe("readyz"))
        if n:
            load_get(n, 1, 8080, "/v1/keys/demo")
        child = subprocess.run(["pgrep", "-P", str(agent.pid)], check=True, capture_output=True, text=True).stdout.split()[0]
        subprocess.run(["kill", child], check=True)
        agent.child.wait(30)
        agent.stop()
        counts.append({name: int(calls) for calls, name in
                       re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)$", out.read_text(), re.M)})
    without, having = counts
    difference = {name: (having[name] - without.get(name, 0)) / requests for name in having}
    return {name: round(per, 2) for name, per in sorted(difference.items(), key=lambda i: -i[1]) if per >= 0.01}


def sizes():
    needed = subprocess.run(["ldd", KEYWARD], check=True, capture_output=True, text=True).stdout
    libraries = sorted({pathlib.Path(p).resolve() for p in re.findall(r"(/\S+)", needed)})
    with tempfile.NamedTemporaryFile() as stripped:
        subprocess.run(["strip", "-o", stripped.name, KEYWARD], check=True)
        program = pathlib.Path(stripped.name).stat().st_size
    return {"program_bytes": program, "libraries_bytes": sum(p.stat().st_size for p in libraries),
            "libraries": len(libraries)}


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    cores = len(re.findall(r"^processor", pathlib.Path("/proc/cpuinfo").read_text(), re.M))
    return {"processor": model[1] if model else platform.machine(), "cores": cores, "kernel": platform.release(),
            "load_before": pathlib.Path("/proc/loadavg").read_text().split()[0], "date": time.strftime("%Y-%m-%d")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("docs/benchmarks"))
    parser.add_argument("--only", choices=["reads", "start", "idle", "keys", "instructions", "system_calls"])
    args = parser.parse_args()
    results = {"machine": machine(), "quick": args.quick, "sizes": sizes()}
    directory = tempfile.mkdtemp(dir="/dev/shm", prefix="keyward-bench.")
    world = Platform(directory)
    try:
        for group in (reads, start, idle, keys, instructions, system_calls):
            if args.only in (None, group.__name__):
                print(f"{time.strftime('%H:%M:%S')} {group.__name__}", flush=True)
                results[group.__name__] = group(world, args.quick)
    finally:
        world.stop()
        if args.only is None:
            shutil.rmtree(directory)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    report.write(args.out)
    print((args.out / "README.md").read_text())


main()
