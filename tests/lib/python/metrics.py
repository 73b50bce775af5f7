#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every metric of the agent and what changes it, every alert and what fires it: metrics.py WORK. The scrape at the end of
each step is left in WORK/scrapes."""
import argparse
import json
import pathlib
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import yaml

import alerts
from agents import BIN, Agent, Lab, Tap, wait_for, write_config

WORK = pathlib.Path(sys.argv[1])
SCRAPES = WORK / "scrapes"
EXPIRES = int(time.time()) + 30 * 86400  # of the key `dated`
PROMPT = {"attempts": 2, "base": "20ms", "max": "500ms", "deadline": "6s", "imdsDeadline": "6s"}
GROWS = "grows"  # or the value that it then has
tap = Tap()


class Scrape:
    def __init__(self, text):
        self.text = text
        self.families = set(re.findall(r"^# TYPE keyward_(\S+) ", text, re.M))
        lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        self.values = {name.removeprefix("keyward_"): float(value) for name, value in lines}

    def family_of(self, sample):
        name = sample.partition("{")[0]
        return name if name in self.families else re.sub(r"_(bucket|sum|count)$", "", name)


def scrape(agent):
    return Scrape(agent.get("/metrics", agent.health)[1].decode())


def differs(sample, how, before, now):
    if how == GROWS:
        return sample in now.values and now.values[sample] > before.values.get(sample, 0)
    return now.values.get(sample) == how and before.values.get(sample) != how


seen_families, changed_families, steps = set(), set(), {}  # steps: the scrapes of each


def step(name, agent, provoke, rows, before=None):
    """Scrapes, provokes, and waits until every row holds; only then the state that made them hold may end."""
    before = before or scrape(agent)
    pages = [before]
    ended = provoke()
    for sample, how in rows.items():
        try:
            wait_for(sample, lambda: differs(sample, how, before, scrape(agent)), 20)
            tap.check(f"{name}: {sample} {how}", True)
            pages.append(scrape(agent))
        except TimeoutError:
            tap.check(f"{name}: {sample} {how}", False, f"{before.values.get(sample)}, then {scrape(agent).values.get(sample)}")
    now = scrape(agent)
    steps[name] = [page for page in pages + [now] if page.values]
    (SCRAPES / f"{name.replace(' ', '-')}.prom").write_text(now.text)
    seen_families.update(now.families)
    changed_families.update(now.family_of(sample) for sample in rows)
    if callable(ended):
        ended()


def outcomes(metric, outcome):
    labels = f'outcome="{outcome}"'
    return {f"{metric}_duration_seconds_count{{{labels}}}": GROWS, f"{metric}_duration_seconds_bucket{{{labels},le=\"+Inf\"}}": GROWS}


def state(key, word):
    return {f'key_state{{key="{key}",state="{word}"}}': 1}


def upstream(service, code):
    return {f'upstream_requests_total{{service="{service}",code="{code}"}}': GROWS}


def cache(name, result):
    return {f'cache_requests_total{{cache="{name}",result="{result}"}}': GROWS}


def breaker(service, value):
    return {f'upstream_breaker_open{{service="{service}"}}': value}


def vault_request(lab, method, path, body):
    """As an administrator of the vault, with the identity that the lab gives out."""
    ask = f"{lab.at['imds']}/metadata/identity/oauth2/token?api-version=2018-02-01&resource={lab.at['resource']}"
    with urllib.request.urlopen(urllib.request.Request(ask, headers={"Metadata": "true"}), timeout=10) as answer:
        bearer = json.load(answer)["access_token"]
    request = urllib.request.Request(f"{lab.at['vault']}{path}?api-version=7.4", json.dumps(body).encode(), method=method,
                                     headers={"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10, context=ssl.create_default_context(cafile=lab.at["ca"])) as answer:
        return json.load(answer)


def keys_of(lab):
    """`demo`, and `dated`, which ends."""
    kid = json.loads(lab.key("dated", "--kty", "EC", "--curve", "P-256"))["kid"]
    vault_request(lab, "PATCH", "/keys/dated/" + kid.rsplit("/", 1)[1], {"attributes": {"exp": EXPIRES}})
    base = {**lab.config["keys"][0], "refresh": "1s", "required": True}
    return [{**base, "name": name, "url": f"{lab.at['vault']}/keys/{name}", "maxStale": limit}
            for name, limit in (("demo", "24h"), ("dated", "3s"))]


def waiting_request(agent):
    """A request that waits for another version of a key; returns what waits for its end."""
    url = f"http://127.0.0.1:{agent.http}/v1/keys/demo"
    request = urllib.request.Request(url + "?wait=4s", headers={"If-None-Match": "*"})

    def wait():
        try:
            urllib.request.urlopen(request, timeout=20).close()
        except urllib.error.HTTPError:
            pass  # 304: there was none
    thread = threading.Thread(target=wait)
    thread.start()
    return thread.join


def reload(agent, **changes):
    write_config(agent.config, {**yaml.safe_load(agent.config.read_text()), **changes})
    agent.child.send_signal(signal.SIGHUP)


def outages_and_denials(lab, keys):
    lab.fault("maa", "status", "code=503")
    with Agent(lab, WORK / "agent", {"keys": keys, "retry": PROMPT, "attestation": {**lab.config["attestation"], "maxAge": "2s"}}) as agent:
        wait_for("it listens", lambda: agent.get("/livez", agent.health)[0] == 200)
        nothing = Scrape("")
        version = subprocess.run([BIN / "keyward", "version"], capture_output=True, text=True, check=True).stdout.split()[1]
        step("attestation is down", agent, lambda: None,
             {f'build_info{{version="{version}"}}': 1, "ready": 0, "custom_trust": 1, **state("demo", "pending"),
              'sandbox{layer="capabilities"}': 1, 'sandbox{layer="system_calls"}': 1, **outcomes("attestation", "outage"),
              **outcomes("release", "outage"), **upstream("maa", "503"), 'upstream_retries_total{service="maa"}': GROWS,
              **breaker("maa", 1), **cache("session", "miss"), **cache("collateral", "miss")}, nothing)
        step("healthy", agent, lab.clear,
             {"ready": 1, **state("demo", "ready"), **state("dated", "ready"), **outcomes("attestation", "ok"),
              **outcomes("release", "ok"), "tpm_wait_seconds_count": GROWS, **upstream("maa", "200"), **upstream("vault", "200"),
              **breaker("maa", 0), **cache("session", "hit"), **cache("collateral", "hit"),
              'key_expiry_timestamp_seconds{key="dated"}': EXPIRES, 'key_age_seconds{key="demo"}': 0})
        step("a request", agent, lambda: agent.get("/v1/keys/demo"), {"http_requests_total": GROWS})
        step("a waiting request", agent, lambda: waiting_request(agent), {"http_waits_total": GROWS, "http_waiting": 1})
        step("throttled", agent, lambda: lab.fault("vault", "throttle", "times=1"),
             {**upstream("vault", "429"), 'upstream_retries_total{service="vault"}': GROWS})
        step("cut", agent, lambda: lab.fault("vault", "reset"), upstream("vault", "none"))
        step("whole again", agent, lab.clear, outcomes("release", "ok"))
        step("the vault is down", agent, lambda: lab.fault("vault", "status", "code=503"),
             {**state("demo", "stale"), **state("dated", "failed"), **outcomes("release", "outage"),
              **upstream("vault", "503"), **breaker("vault", 1), 'key_age_seconds{key="demo"}': GROWS})
        step("the vault is up", agent, lab.clear, {**state("demo", "ready"), **state("dated", "ready"), **breaker("vault", 0)})
        step("denied", agent, lambda: lab.fault("vault", "status", "code=403"),
             {**state("demo", "revoked"), "ready": 0, **outcomes("release", "denied"), **upstream("vault", "403"),
              "key_revocations_total": GROWS})
        lab.clear()
        step("reload taken", agent, lambda: reload(agent, keys=[{**key, "refresh": "2s"} for key in keys]),
             {'reloads_total{outcome="taken"}': GROWS})
        step("reload refused", agent, lambda: reload(agent, kyes=[]), {'reloads_total{outcome="refused"}': GROWS})


def trusted(lab):
    """Nothing but built-in trust, and nothing of it is reached: there is no network, and no TPM behind this port."""
    key = {**lab.config["keys"][0], "url": "https://contoso.vault.azure.net/keys/demo"}
    (WORK / "bearer").write_text("none")
    config = {"apiVersion": "keyward/v1", "server": lab.config["server"], "keys": [key],
              "attestation": {"endpoints": ["https://sharedweu.weu.attest.azure.net"]},
              "evidence": {"provider": "azure-vtpm", "tcti": "swtpm:host=127.0.0.1,port=1"},
              "collateral": {"sources": ["device"]}, "identity": {"provider": "tokenFile", "tokenFile": str(WORK / "bearer")}}
    with Agent(argparse.Namespace(config=config), WORK / "trusted") as agent:
        wait_for("it listens", lambda: agent.get("/livez", agent.health)[0] == 200)
        step("built-in trust", agent, lambda: None, {"custom_trust": 0}, Scrape(""))


def unprotected(lab, keys):
    lab.fault("maa", "status", "code=400")
    changes = {"keys": keys, "retry": PROMPT, "audit": {"path": "/dev/full", "required": False}}
    with Agent(lab, WORK / "other", changes, switches=["--no-sandbox"]) as agent:
        wait_for("it listens", lambda: agent.get("/livez", agent.health)[0] == 200)
        step("attestation refuses", agent, lambda: None,
             {**outcomes("attestation", "denied"), **upstream("maa", "400"),
              'sandbox{layer="system_calls"}': 0, 'sandbox{layer="files"}': 0, 'sandbox{layer="ports"}': 0}, Scrape(""))
        step("audit fails", agent, lambda: agent.get("/v1/keys/demo"), {"audit_failures_total": GROWS})
    lab.clear()


SCRAPES.mkdir()
lab = Lab(WORK / "lab")
try:
    keys = keys_of(lab)
    outages_and_denials(lab, keys)
    unprotected(lab, keys)
    trusted(lab)
finally:
    lab.stop()
tap.same("every family in the scrapes has a row here", set(), seen_families - changed_families)
for page in sorted(SCRAPES.iterdir()):
    with open(page) as text:
        judged = subprocess.run(["promtool", "check", "metrics"], stdin=text, capture_output=True, text=True, check=False)
    tap.check(f"promtool has nothing to say about {page.stem}", judged.returncode == 0 and not judged.stderr, judged.stderr)
alerts.check(tap, WORK, steps, EXPIRES, int(time.time()))
alerts.check_dashboard(tap, WORK, steps)
sys.exit(tap.failed > 0)
