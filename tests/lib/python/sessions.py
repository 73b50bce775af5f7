# SPDX-License-Identifier: Apache-2.0
"""Replays the shell sessions of docs/sessions and compares what comes out with what stands there.

sessions.py [--write] FILE...    the environment is the caller's: PATH, KEYWARD_CONFIG, the working directory

Each ```console block is one shell; "$ " begins a command, what follows is its output on both channels. What differs
from run to run is masked, in the page as in the output: long numbers, keys, ports, times, directories.
"""
import os
import re
import subprocess
import sys

MASKS = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"/dev/shm/keyward\.[A-Za-z0-9]+", "/tmp"),
    (r"(localhost|127\.0\.0\.1)([:,](?:port=)?)(?!8080|8081)\d{4,5}", r"\1\2PORT"),
    (r"port=\d{4,5}", "port=PORT"),
    (r"\b[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "GUID"),
    (r"\b[0-9a-fA-F]{16,}\b", "HEX"),
    (r"[A-Za-z0-9+/_-]{40,}=*", "BASE64"),
    (r"(BASE64|HEX)(\.(BASE64|HEX))+", "TOKEN"),
    (r"(?m)^\[1\] \d+$", "[1] PID"),
    (r"\b1[6-9]\d{8}\b", "SECONDS"),
    (r"\b\d+ s left", "N s left"),
]
MARK = "--end-of-command--"


def masked(text):
    for pattern, word in MASKS:
        text = re.sub(pattern, word, text)
    # Bodies of PEM blocks
    return re.sub(r"(-----BEGIN [A-Z ]+-----\n)(?:[A-Za-z0-9+/=]+\n|BASE64\n)+(-----END)", r"\1...\n\2", text)


def commands_of(block):
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif found and line.startswith("> ") and not found[-1][1]:
            found[-1][0] += "\n" + line[2:]
        elif found:
            found[-1][1].append(line)
    return found


def run(commands):
    """One shell for all of them; the outputs, in order."""
    script = "exec 2>&1\n" + "".join(f"{command}\necho '{MARK}'\n" for command in commands)
    done = subprocess.run(["bash"], input=script, stdout=subprocess.PIPE, text=True, timeout=120, check=False)
    return [part.strip("\n") for part in done.stdout.split(MARK + "\n")][:len(commands)]


def replay(path, write):
    page = open(path).read()
    complaints = []

    def one(match):
        wanted = commands_of(match.group(1))
        outputs = [masked(o) for o in run([command for command, _ in wanted])]
        outputs += ["(no output: the shell ended)"] * (len(wanted) - len(outputs))
        lines = []
        for (command, expected), found in zip(wanted, outputs):
            if found != "\n".join(expected):
                complaints.append(f"$ {command}\n  expected:\n{chr(10).join(expected)}\n  found:\n{found}")
            lines.append("$ " + command.replace("\n", "\n> ") + ("\n" + found if found else ""))
        return "```console\n" + "\n".join(lines) + "\n```"

    page = re.sub(r"```console\n(.*?)\n```", one, page, flags=re.S)
    if write:
        open(path, "w").write(page)
        return
    name = os.path.basename(path)
    print(f"{'not ok' if complaints else 'ok'} the session of {name} is as docs/ shows it")
    for complaint in complaints:
        print("#   " + complaint.replace("\n", "\n#   "))


arguments = sys.argv[1:]
to_write = arguments[:1] == ["--write"]
for file in arguments[to_write:]:
    replay(file, to_write)
