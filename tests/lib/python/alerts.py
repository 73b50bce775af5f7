# SPDX-License-Identifier: Apache-2.0
"""Alert rules over real scrapes: the scrapes of a step, a minute apart, are the series of a `promtool test rules`."""
import json
import pathlib
import re
import subprocess

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs/observability"
RULES = DOCS / "alerts.yaml"
CALM, HELD = 6, 7  # minutes: the first scrape before anything happens, the last one while alerts wait
DAY_S = 86400


def names():
    return re.findall(r"- alert: (\w+)", RULES.read_text())


def series_of(scrapes, now_s):
    """The clock of promtool begins at 0: timestamps are told from there."""
    timeline = [scrapes[0]] * CALM + scrapes[1:] + [scrapes[-1]] * HELD
    samples = dict.fromkeys(name for scrape in timeline for name in scrape.values)
    for name in samples:
        shift = now_s if "timestamp" in name else 0
        values = [f"{scrape.values[name] - shift:.6f}" if name in scrape.values else "_" for scrape in timeline]
        metric, _, labels = name.partition("{")
        yield {"series": f'keyward_{metric}{{instance="pod",{labels or "}"}', "values": " ".join(values)}


def rule_test(scrapes, now_s, alert, fires):
    which = f'ALERTS{{alertname="{alert}",alertstate="firing"}}'
    expected = [{"labels": f'{{alertname="{alert}"}}', "value": 1}] if fires else []
    minutes = CALM + len(scrapes) - 1 + HELD - 1
    return {"interval": "1m", "input_series": list(series_of(scrapes, now_s)),
            "promql_expr_test": [{"expr": f"group by (alertname) ({which})", "eval_time": f"{minutes}m", "exp_samples": expected}]}


def judge(directory, scrapes, now_s, alert, fires):
    """Whether promtool finds the alert as expected, and what it said."""
    path = pathlib.Path(directory) / "rules-test.json"
    path.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m",
                                "tests": [rule_test(scrapes, now_s, alert, fires)]}))
    done = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr


def check(tap, directory, steps, expires_s, now_s):
    """`steps`: the scrapes of each step by its name. Each alert fires in its step and is silent in another."""
    table = {  # alert: the step in which it fires
        "KeywardNotReady": "attestation is down", "KeywardKeyNotReady": "attestation is down",
        "KeywardBreakerOpen": "the vault is down", "KeywardKeyStale": "the vault is down",
        "KeywardRefreshFailing": "the vault is down", "KeywardUpstreamErrors": "the vault is down",
        "KeywardKeyRevoked": "denied", "KeywardKeyExpiresSoon": "a request", "KeywardSandboxOff": "audit fails",
        "KeywardAuditFailing": "audit fails", "KeywardCustomTrust": "a request", "KeywardReloadRefused": "reload refused"}
    tap.same("every alert has a row here", set(), set(names()) ^ set(table))
    for alert, step in table.items():
        later = expires_s - 3 * DAY_S if alert == "KeywardKeyExpiresSoon" else now_s
        tap.check(f"{alert} fires: {step}", *judge(directory, steps[step], later, alert, True))
        calm = "built-in trust" if alert == "KeywardCustomTrust" else "a request"
        tap.check(f"{alert} is silent: {calm}", *judge(directory, steps[calm], now_s, alert, False))
    checked = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True, check=False)
    tap.check("promtool has nothing to say about the rules", checked.returncode == 0, checked.stderr)


def check_dashboard(tap, directory, steps):
    """Every query of the dashboard finds something in the scrapes of an agent that was throttled once."""
    for panel in json.loads((DOCS / "dashboard.json").read_text())["panels"]:
        queries = [t["expr"].replace("$__rate_interval", "15m").replace("$instance", ".*") for t in panel["targets"]]
        tests = [{"interval": "1m", "input_series": list(series_of(steps["throttled"], 0)),
                  "promql_expr_test": [{"expr": f"group({query})", "eval_time": "12m", "exp_samples": [{"labels": "{}", "value": 1}]}
                                       for query in queries]}]
        path = pathlib.Path(directory) / "dashboard-test.json"
        path.write_text(json.dumps({"rule_files": [], "evaluation_interval": "1m", "tests": tests}))
        done = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True, check=False)
        tap.check(f"dashboard: '{panel['title']}' shows something", done.returncode == 0, done.stdout + done.stderr)
