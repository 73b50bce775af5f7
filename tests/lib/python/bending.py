# SPDX-License-Identifier: Apache-2.0
"""Small changes to bytes, numbers and the request's JSON, always in a copy."""
import base64, copy, json

from guest import b64


def flip(data, at=-1):
    data = bytearray(data)
    data[at] ^= 1
    return bytes(data)


def bit(n):
    return lambda number: number ^ 1 << n


def bent(info, path, change):
    """A copy with the member changed; None takes it away."""
    info = copy.deepcopy(info)
    at = info
    for name in path[:-1]:
        at = at[name]
    value = change(at[path[-1]]) if callable(change) else change
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return info


def set_proof(info, **changes):
    evidence = info["IsolationInfo"]["Evidence"]
    proof = json.loads(base64.b64decode(evidence["Proof"]))
    for name, change in changes.items():
        proof = bent(proof, (name,), change)
    evidence["Proof"] = b64(json.dumps(proof).encode())


def with_tpm(info, **changes):
    """Members of TpmInfo: bytes, or a function of the bytes or of the list that was there; None takes one away."""
    info = copy.deepcopy(info)
    for name, change in changes.items():
        old = info["TpmInfo"].pop(name)
        value = base64.b64decode(old) if isinstance(old, str) else old
        value = change(value) if callable(change) else change
        if value is not None:
            info["TpmInfo"][name] = b64(value) if isinstance(value, bytes) else value
    return info
