# SPDX-License-Identifier: Apache-2.0
"""Starting the lab, the agent and the bare server, and reading what the kernel counts of a process."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

BIN = pathlib.Path(os.environ.get("KEYWARD_BIN", "build/release"))
KEYWARD = BIN / "keyward"
LAB = BIN / "keyward-lab"
BARE = BIN / "tests/bench_bare"
LOAD = BIN / "tests/bench_load"
PKI_CACHE = pathlib.Path("build/lab-pki")


def wait_for(seconds, what, condition):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            sys.exit(f"deadline of {seconds} s missed: {what}")
        time.sleep(0.02)


class Process:
    """Ended by its id when the block ends."""

    def __init__(self, arguments, log, environment=None):
        self.log = open(log, "ab")
        self.child = subprocess.Popen([str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=self.log,
                                      stderr=self.log, env=environment)
        self.pid = self.child.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
        self.child.wait()
        self.log.close()

    def memory_kb(self):
        rollup = pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        size = {name: int(kb) for name, kb in re.findall(r"^(\w+):\s+(\d+) kB", rollup, re.M)}
        return {"resident": size["Rss"], "private": size["Private_Clean"] + size["Private_Dirty"],
                "private_dirty": size["Private_Dirty"], "peak": int(re.search(r"VmHWM:\s+(\d+)", status)[1])}

    def cpu_ms(self):
        total = 0
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total / 1e6

    def context_switches(self):
        total = 0
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            total += sum(map(int, re.findall(r"ctxt_switches:\s+(\d+)", (task / "status").read_text())))
        return total


def probe(name, port=8081):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


class Platform:
    """The lab, in a directory of its own, and configurations for it."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.lab = self.directory / "lab"
        self.lab.mkdir()
        if PKI_CACHE.is_dir():
            subprocess.run(["cp", "-r", PKI_CACHE, self.lab / "pki"], check=True)
        self.process = Process([LAB, "up", "--dir", self.lab], self.directory / "lab.log")
        wait_for(90, "the lab is up", (self.lab / "lab.json").exists)
        if not PKI_CACHE.is_dir():
            subprocess.run(["cp", "-r", self.lab / "pki", PKI_CACHE], check=True)
        self.members = json.loads((self.lab / "lab.json").read_text())

    def key(self, name, *how):
        subprocess.run([LAB, "key", "--dir", self.lab, name, *how], check=True, stdout=subprocess.DEVNULL)

    def calls(self):
        out = subprocess.run([LAB, "log", "--dir", self.lab], check=True, capture_output=True, text=True).stdout
        return out.splitlines()

    def config(self, name, keys, **changes):
        """keys: (name, vault key) pairs. The socket is always there."""
        import yaml
        config = yaml.safe_load((self.lab / "keyward.yaml").read_text())
        config["keys"] = [{"name": n, "url": f"{self.members['vault']}/keys/{k}", "required": True,
                           "allow": [{"any": True}], **changes.pop("key", {})} for n, k in keys]
        config["server"]["socket"] = {"path": str(self.directory / "keyward.sock"), "mode": "0660"}
        config["log"] = {"level": "warning", "format": "json"}
        for path, value in changes.items():
            section, _, field = path.partition("_")
            config.setdefault(section, {})[field] = value
        path = self.directory / f"{name}.yaml"
        path.write_text(yaml.safe_dump(config))
        return path

    def agent(self, config, *switches, ready=120):
        agent = Process([KEYWARD, "serve", "-c", config, *switches], self.directory / "agent.log")
        if ready:
            wait_for(ready, "the agent is ready", lambda: probe("readyz"))
        return agent

    def stop(self):
        self.process.stop()
