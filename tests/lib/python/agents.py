# SPDX-License-Identifier: Apache-2.0
"""Labs and agents of a test that has many of them: each in a directory of its own, on ports that were free, ended by
its process id. Every wait names what it waited for when it gives up."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

import yaml

BIN = pathlib.Path(os.environ["BIN"])
ID = re.compile(r"KW-[A-Z]{3}-\d{3}")
PATIENCE = 60  # seconds that anything may take before a test gives up


def wait_for(what, good, seconds=PATIENCE):
    """What `good` returns, as soon as that is true."""
    until = time.monotonic() + seconds
    while not (found := good()):
        if time.monotonic() > until:
            raise TimeoutError(f"deadline of {seconds} s missed: {what}")
        time.sleep(0.02)
    return found


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A program in the background; what it prints goes to NAME.log of its directory."""

    def __init__(self, directory, name, *args, env=None):
        self.log_path = pathlib.Path(directory) / f"{name}.log"
        with open(self.log_path, "wb") as log:
            self.child = subprocess.Popen(args, stdout=log, stderr=log, env=env)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def stop(self):
        self.child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.child.wait(10)
        self.child.kill()
        return self.child.wait()


class Lab(Process):
    def __init__(self, directory, *switches):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True)
        cache = os.environ.get("KEYWARD_PKI_CACHE", "")
        if os.path.isdir(cache):
            shutil.copytree(cache, self.dir / "pki")
        super().__init__(self.dir, "up", BIN / "keyward-lab", "up", "--dir", self.dir, *switches)
        wait_for(f"the lab in {directory} is up", (self.dir / "lab.json").exists)
        self.at = json.loads((self.dir / "lab.json").read_text())
        self.config = yaml.safe_load((self.dir / "keyward.yaml").read_text())

    def command(self, verb, *args):
        done = subprocess.run([BIN / "keyward-lab", verb, "--dir", self.dir, *map(str, args)], capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"keyward-lab {verb} {args}: {done.stderr.decode()}")
        return done.stdout.decode()

    def key(self, name, *how):
        return self.command("key", name, *how)

    def fault(self, service, *words):
        self.command("fault", service, *words)

    def clear(self):
        self.command("fault", "clear")

    def requests(self):
        """[time, service, method, path, ...] of every request of the agent's."""
        text = (self.dir / "log").read_text()
        return [line.split(" ") for line in text.splitlines() if "asked by the vault" not in line]

    def count(self, service, path=""):
        return sum(r[1] == service and path in r[3] for r in self.requests())


class Agent(Process):
    """`keyward serve SWITCH...` with the lab's configuration and these changes; `with` ends it."""

    def __init__(self, lab, directory, changes=None, env=None, switches=()):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.http, self.health = free_port(), free_port()
        config = {**lab.config, "log": {"level": "debug", "format": "json"}, **(changes or {})}
        config["server"] = {**lab.config["server"], **config["server"], "http": f"127.0.0.1:{self.http}",
                            "health": f"127.0.0.1:{self.health}"}
        self.config = write_config(self.dir / "keyward.yaml", config)
        super().__init__(self.dir, "agent", BIN / "keyward", "serve", "-c", self.config, *switches,
                         env={**os.environ, **(env or {})})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def get(self, path, port=None):
        """(status, body); status 0: nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port or self.http}{path}", timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()
        except OSError:
            return 0, b""

    def is_ready(self):
        return self.get("/readyz", self.health)[0] == 200

    def wait_ready(self, seconds=PATIENCE):
        wait_for(f"the agent in {self.dir} is ready", self.is_ready, seconds)

    def states(self):
        body = self.get("/v1/keys")[1]
        return {k["name"]: k["state"] for k in json.loads(body)["keys"]} if body else {}

    def events(self, *kinds):
        """The lines of the log of these kinds, as objects."""
        lines = (line for line in self.log().splitlines() if line.startswith("{"))
        found = []
        for line in lines:
            with contextlib.suppress(json.JSONDecodeError):  # a line that is being written
                found.append(json.loads(line))
        return [x for x in found if x["event"] in kinds]


def write_config(path, config):
    yaml.SafeDumper.ignore_aliases = lambda *_: True
    pathlib.Path(path).write_text(yaml.safe_dump(config))
    return path


class Tap:
    """One line per check, as the shell's tap.sh prints them."""

    failed = 0

    def check(self, name, good, found=""):
        self.failed += not good
        print(("ok " if good else "not ok ") + name + ("" if good else f"\n#   found: {str(found)[:600]}"), flush=True)

    def same(self, name, expected, found):
        self.check(name, expected == found, f"{found}, expected {expected}")
