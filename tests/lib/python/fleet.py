#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The parts of test_fleet: fleet.py WORK PART. Many keys, many agents, and a permission that is taken away."""
import collections
import concurrent.futures
import datetime
import json
import os
import pathlib
import sys
import urllib.error
import urllib.request

from agents import Agent, Lab, Tap, wait_for

WORK = pathlib.Path(sys.argv[1])
N_KEYS, N_AGENTS = 50, 60
WINDOW, PER_SECOND = 10, 5  # IMDS: calls per second, on average over so many seconds
tap = Tap()


def many_keys():
    """50 keys cost one attestation, one certified wrapping key, one access token, 50 releases."""
    lab = Lab(WORK / "lab")
    names = [f"key{i}" for i in range(N_KEYS)]
    for name in names:
        lab.key(name, "--kty", "EC", "--curve", "P-256")
    keys = [{**lab.config["keys"][0], "name": name, "url": f"{lab.at['vault']}/keys/{name}"} for name in names]
    with Agent(lab, WORK / "agent", {"keys": keys}) as agent:
        agent.wait_ready()
        found = {"ready": sum(state == "ready" for state in agent.states().values())}
    found |= {"attestations": lab.count("maa", "/attest/"), "certified": sum(r[2] == "TPM2_Certify" for r in lab.requests()),
              "access tokens": lab.count("imds", "/identity/"), "collateral": lab.count("thim"),
              "releases": lab.count("vault", "/release")}
    tap.same(f"{N_KEYS} keys", {"ready": N_KEYS, "attestations": 1, "certified": 1, "access tokens": 1, "collateral": 1,
                                "releases": N_KEYS}, found)
    lab.stop()


def busiest(times):
    """The most calls in any WINDOW of seconds."""
    per_second = collections.Counter(times)
    return max((sum(per_second[t + i] for i in range(WINDOW)) for t in per_second), default=0)


def many_agents():
    """60 agents at once, on a node whose IMDS refuses more than it bears."""
    lab = Lab(WORK / "lab", "--imds-limit", f"{PER_SECOND}/1")
    agents = [Agent(lab, WORK / f"agent{i}") for i in range(N_AGENTS)]
    with concurrent.futures.ThreadPoolExecutor(N_AGENTS) as pool:
        ready = list(pool.map(in_time, agents))
    answers = collections.Counter("429" if " 429" in " ".join(r) else "other" for r in lab.requests() if r[1] in ("imds", "thim"))
    times = [int(datetime.datetime.fromisoformat(r[0].rstrip("Z")).timestamp()) for r in lab.requests() if r[1] in ("imds", "thim")]
    tap.same(f"{N_AGENTS} agents at once are all ready by their deadline", N_AGENTS, sum(ready))
    most = busiest(times)
    tap.check(f"IMDS sees at most {PER_SECOND} calls a second over any {WINDOW} s: {most} in {WINDOW} s, {len(times)} calls in "
              f"{max(times) - min(times)} s, {answers['429']} of them refused", most <= PER_SECOND * WINDOW)
    for agent in agents:
        agent.stop()
    lab.stop()


def in_time(agent):
    """Its deadline is that of init: three minutes."""
    try:
        agent.wait_ready(180)
        return True
    except TimeoutError:
        return False


def permission():
    """A key whose permission is taken away is gone at the next refresh: from routes, file and cache."""
    lab = Lab(WORK / "lab")
    file = WORK / "agent" / "key.jwk"
    key = {**lab.config["keys"][0], "refresh": "1s", "outputs": [{"path": str(file)}]}
    with Agent(lab, WORK / "agent", {"keys": [key]}) as agent:
        agent.wait_ready()
        secret = json.loads(agent.get("/v1/keys/demo")[1])["d"].encode()
        tap.check("before, the key is served and written", file.exists() and secret in file.read_bytes())
        lab.command("deny", "system", "release")
        wait_for("the key is revoked", lambda: agent.states().get("demo") == "revoked", 30)
        wait_for("its file is removed", lambda: not file.exists(), 10)
        status, body = agent.get("/v1/keys/demo")
        tap.check("then 410, with the id of the refusal", status == 410 and b"KW-REL-006" in body, (status, body))
        tap.check("no version of it is left by name", agent.get("/v1/keys/demo?version=" + version(lab))[0] == 410)
        status, body = compat(agent, lab)
        tap.check("the compat route refuses it, too", status == 403 and b"KW-REL-006" in body, (status, body))
        tap.check("the list has no version of it", b'"version":null' in agent.get("/v1/keys")[1])
        tap.check("nothing in the directory has it", not any(secret in p.read_bytes() for p in (WORK / "agent").rglob("*") if p.is_file()))
        if os.environ.get("KEYWARD_LONG"):  # a denied key is looked after once a minute
            wait_for("the agent notices the permission again", lambda: given_back(agent, lab), 90)
            tap.check("given the permission again, the key comes back by itself", file.exists() and agent.is_ready())
    lab.stop()


def version(lab):
    return next(p.stem for p in (lab.dir / "vault" / "demo").glob("*.key"))


def given_back(agent, lab):
    lab.command("permit", "system", "release")
    return agent.states().get("demo") == "ready"


def compat(agent, lab):
    body = json.dumps({"maa_endpoint": lab.at["maa"], "akv_endpoint": lab.at["vault"], "kid": "demo"}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{agent.http}/key/release", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


{"keys": many_keys, "agents": many_agents, "permission": permission}[sys.argv[2]]()
sys.exit(tap.failed > 0)
