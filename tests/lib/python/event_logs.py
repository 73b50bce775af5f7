# SPDX-License-Identifier: Apache-2.0
"""Event logs read by keyward and by tpm2_eventlog: the same events, and the same PCR values for them.

event_logs.py KEYWARD LOG...: one line per test; exits with 1 if one failed.
"""
import json
import re
import subprocess
import sys

# tpm2_eventlog knows fewer types than the profile has; those it prints otherwise.
SAME_TYPE = {"EV_EFI_PLATFORM_FIRMWARE_BLOB2", "EV_EFI_HANDOFF_TABLES2", "EV_EFI_VARIABLE_BOOT2"}


def by_tool(path):
    done = subprocess.run(["tpm2_eventlog", path], capture_output=True, text=True, errors="replace", check=False)
    events, pcrs, at = [], {}, None
    head, _, tail = done.stdout.partition("\npcrs:\n")
    for block in re.split(r"^- EventNum: ", head, flags=re.M)[2:]:  # the header event is no measurement
        digest = re.search(r"AlgorithmId: sha256\n\s*Digest: \"(\w+)\"", block)
        kind = re.search(r"EventType: (\S+)", block).group(1)
        events.append((int(re.search(r"PCRIndex: (\d+)", block).group(1)), kind, digest.group(1) if digest else None))
    for line in tail.splitlines():
        if line.startswith("  sha") and line.strip().endswith(":"):
            at = pcrs.setdefault(line.strip()[:-1], {})
        elif at is not None and ":" in line:
            number, value = line.split(":")
            at[number.strip()] = value.strip()[2:]
    return events, pcrs


def by_keyward(keyward, path):
    done = subprocess.run([keyward, "verify", "event-log", path, "--events", "-o", "json"], capture_output=True, check=False)
    facts = json.loads(done.stdout)["facts"]
    events = [(e["pcr"], e["type"], e.get("sha256")) for e in facts["events_list"]]
    return events, {bank: values for bank, values in facts["event_log"]["pcrs"].items() if values}


def same_event(ours, theirs):
    types = ours[1] == theirs[1] or ours[1].startswith("0x") or theirs[1].startswith("Unknown") or ours[1] in SAME_TYPE
    return types and ours[0] == theirs[0] and ours[2] == theirs[2]


def main():
    keyward, failed = sys.argv[1], 0
    for path in sys.argv[2:]:
        name, why = path.rsplit("/", 1)[-1], ""
        ours, theirs = by_keyward(keyward, path), by_tool(path)
        if len(ours[0]) != len(theirs[0]) or not ours[0]:
            why = f"{len(ours[0])} events against {len(theirs[0])}"
        for one, other in zip(ours[0], theirs[0]):
            if not why and not same_event(one, other):
                why = f"{one} against {other}"
        if not why and ours[1] != {bank: values for bank, values in theirs[1].items() if bank in ours[1]}:
            why = "other PCR values"
        print(f"{'not ' if why else ''}ok {name}: {len(ours[0])} events and their replay as tpm2_eventlog has them")
        if why:
            failed = 1
            print("#  ", why)
    sys.exit(failed)


main()
