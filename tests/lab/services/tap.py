# SPDX-License-Identifier: Apache-2.0
"""What the programs beside this one share: a running lab (argv: keyward-lab, its directory, words), lines of results."""
import json, subprocess, sys, urllib.error, urllib.request

from client import Refused, Web

binary, directory, *words = sys.argv[1:]
at = json.load(open(directory + "/lab.json"))
web = Web(at["ca"])
failed = []


def ok(name, condition, detail=""):
    print(("ok " if condition else "not ok ") + name)
    if not condition:
        failed.append(name)
        print("#   " + str(detail)[:800])


def path(*parts):
    return "/".join((directory, *parts))


def fetch(url, data=None, **headers):
    """Status, body, headers; nothing raised for a status."""
    request = urllib.request.Request(url, data, {name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with web.opener.open(request, timeout=30) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def refusal(name, status, call, code=None, inner=None, says=""):
    """The call is refused in the service's own shape: MAA and Key Vault, or IMDS and Entra."""
    try:
        answer = call()
        ok(name, False, f"it was accepted: {answer}")
    except Refused as e:
        error = (e.body or {}).get("error", {})
        if not isinstance(error, dict):
            error = {"code": error, "message": e.body.get("error_description", "")}
        ok(name, e.status == status and code in (None, error.get("code")) and says in error.get("message", "")
           and inner in (None, error.get("innererror", {}).get("code")), e)


def command(*arguments):
    return subprocess.run([binary, arguments[0], "--dir", directory, *arguments[1:]], capture_output=True, text=True,
                          timeout=60)


def fault(*arguments):
    done = command("fault", *arguments)
    assert done.returncode == 0, done.stderr


def finish():
    ok("no fault is left over", command("fault", "list").stdout == "", command("fault", "list").stdout)
    sys.exit(len(failed) > 0)
