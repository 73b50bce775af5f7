#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tests/data/fault_table, row by row: fault_table.py WORK. Several labs side by side, because most of the time is spent
waiting for deadlines; an agent is made for each row. Times are printed, nothing is asserted of them but the agent's own
deadlines."""
import concurrent.futures
import os
import pathlib
import queue
import re
import subprocess
import sys
import time

from agents import BIN, ID, Agent, Lab, Tap, wait_for, write_config

WORK = pathlib.Path(sys.argv[1])
LABS = 6
INIT_DEADLINE = 7   # seconds, of what `start` rows configure
PAUSE = 0.3         # the keeper's shortest pause after an outage is half a second
RETRY = {"attempts": 3, "base": "20ms", "max": "100ms", "deadline": "5s", "imdsDeadline": "5s"}


def rows():
    table = pathlib.Path(__file__).resolve().parents[2] / "data" / "fault_table"
    for line in table.read_text().splitlines():
        if line and not line.startswith("#"):
            when, service, outcome, refusal, calls, *fault = line.split()
            yield when, service, outcome, refusal, int(calls), fault


def config_for(lab, service, directory):
    """Where the fault is, the agent has to come along; short pauses, and deadlines that silence reaches soon."""
    config = {**lab.config, "retry": RETRY, "init": {"deadline": f"{INIT_DEADLINE}s"}}
    config["attestation"] = {**config["attestation"], "maxAge": "1s"}
    config["keys"] = [{**config["keys"][0], "refresh": "1s", "outputs": [{"path": str(directory / "key.jwk")}]}]
    if service == "kds":
        config["collateral"] = {**config["collateral"], "sources": ["kds"], "kds": lab.at["kds"]}
    if service == "entra":
        config["identity"] = {"provider": "workload", "audience": lab.at["resource"], "authority": lab.at["entra"]}
    return config


def environment(lab):
    lines = (lab.dir / "workload" / "env").read_text().splitlines()
    return {**os.environ, **dict(line.split("=", 1) for line in lines if "=" in line)}


def at_start(lab, directory, service, fault):
    """(outcome, id, calls, problems): `keyward init` while the fault is on."""
    config = write_config(directory / "keyward.yaml", config_for(lab, service, directory))
    before = lab.count(service)
    lab.fault(service, *fault)
    begun, wall = time.monotonic(), time.time()
    done = subprocess.run([BIN / "keyward", "init", "-c", config], capture_output=True, env=environment(lab), timeout=60, check=False)
    seconds = time.monotonic() - begun
    calls, problems = lab.count(service) - before, []
    there = (directory / "key.jwk").exists()
    if there != (done.returncode == 0):
        problems.append(f"exit {done.returncode}, and the key file is {'' if there else 'not '}there")
    late = [r for r in lab.requests() if r[1] == service and r[0] > stamp(wall + max(seconds, INIT_DEADLINE))]
    if late or seconds > INIT_DEADLINE + 2:
        problems.append(f"{seconds:.1f} s, {len(late)} calls after the deadline")
    found = ID.findall(done.stderr.decode())
    return ("recovers", "-", calls, problems) if done.returncode == 0 else ("refused", found[-1] if found else "no id", calls, problems)


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def settled(agent, lab, service, n_before):
    """What the keeper came to since the fault: "refused", or "released" when the fault is used up."""
    for event in agent.events("refused", "released")[n_before:]:
        if event["event"] == "refused":
            return event
    over = service not in lab.command("fault", "list")
    return {"event": "released"} if over and len(agent.events("released")) > n_before + 1 else None


def held(lab, directory, service, fault):
    with Agent(lab, directory, config_for(lab, service, directory)) as agent:
        agent.wait_ready()
        n_before, before = len(agent.events("refused", "released")), lab.count(service)
        lab.fault(service, *fault)
        end = wait_for("the key is refreshed", lambda: settled(agent, lab, service, n_before), 40)
        calls = lab.count(service) - before
        if end["event"] == "released":
            return "recovers", "-", calls, [] if agent.states() == {"demo": "ready"} else [agent.states()]
        wait_for("the store heard of it", lambda: agent.states().get("demo") != "ready", 5)
        outcome, problems = agent.states()["demo"], []
        time.sleep(PAUSE)
        if outcome == "stale" and lab.count(service) - before != calls:
            problems.append("calls during the agent's own pause")
        refusal = ID.search(str(end)).group()
        problems += is_as_promised(agent, directory, outcome, refusal)
        lab.clear()
        if outcome == "stale":
            wait_for("the key is ready again", lambda: agent.states().get("demo") == "ready", 40)
        return outcome, refusal, calls, problems


def is_as_promised(agent, directory, outcome, refusal):
    """The key is served and its file there if it is stale; both are gone if it is revoked."""
    status, body = agent.get("/v1/keys/demo")
    file = directory / "key.jwk"
    if outcome == "stale":
        return [] if status == 200 and file.exists() else [f"stale, but {status}, file: {file.exists()}"]
    wait_for("the file is removed", lambda: not file.exists(), 5)
    return [] if status == 410 and refusal.encode() in body else [f"{outcome}, but {status} {body[:200]}"]


def run(row, labs, number):
    when, service, _, _, _, fault = row
    lab = labs.get()
    directory = WORK / f"row{number}"
    directory.mkdir()
    begun = time.monotonic()
    try:
        found = (at_start if when == "start" else held)(lab, directory, service, fault)
    except (TimeoutError, subprocess.TimeoutExpired) as late:
        found = (f"no end: {late}", "-", 0, [])
    finally:
        lab.clear()
        labs.put(lab)
    return found, time.monotonic() - begun


def judge(tap, row, found, seconds):
    when, service, outcome, refusal, most, fault = row
    got, got_id, calls, problems = found
    good = got == outcome and re.fullmatch(refusal, got_id) and calls <= most and not problems
    tap.check(f"{when} {service} {' '.join(fault)}: {got} {got_id}, {calls} calls, {seconds:.1f} s", good,
              f"{got} {got_id}, {calls} calls, {problems}; expected {outcome} {refusal}, at most {most} calls")


def main():
    table = list(rows())
    spoiling = [r for r in table if "pcr-extend" in r[5]]  # only a reboot undoes it: last, on labs of their own
    tap, labs = Tap(), queue.Queue()
    with concurrent.futures.ThreadPoolExecutor(LABS) as pool:
        running = list(pool.map(lambda n: Lab(WORK / f"lab{n}"), range(LABS)))
        for lab in running:
            labs.put(lab)
        ordered = [r for r in table if r not in spoiling] + spoiling
        for row, (found, seconds) in zip(ordered, pool.map(lambda x: run(x[1], labs, x[0]), enumerate(ordered))):
            judge(tap, row, found, seconds)
    for lab in running:
        lab.stop()
    tap.check(f"{len(table)} cells, at least 60", len(table) >= 60)
    sys.exit(tap.failed > 0)


main()
