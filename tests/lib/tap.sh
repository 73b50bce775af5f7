# SPDX-License-Identifier: Apache-2.0
# One line per test: "ok NAME", "not ok NAME" with what was found, "skip NAME: why".

n_failed=0
ok() { echo "ok $*"; }
not_ok() { echo "not ok $*"; n_failed=$((n_failed + 1)); }
skip() { echo "skip $1: $2"; }
# expect NAME COMMAND...: the command succeeds.
expect() {
  local name=$1; shift
  if "$@" >"$work/expect.log" 2>&1; then ok "$name"; else not_ok "$name"; sed 's/^/#   /' "$work/expect.log" | tail -n 20; fi
}
# same NAME EXPECTED FOUND
same() {
  if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1"; printf '#   expected: %s\n#   found:    %s\n' "$2" "$3"; fi
}
# contains NAME WORDS TEXT
contains() {
  if grep -qF -- "$2" <<<"$3"; then ok "$1"; else not_ok "$1"; printf '#   expected: %s\n#   in:       %s\n' "$2" "$(head -c 600 <<<"$3")"; fi
}
finish() { [ "$n_failed" -eq 0 ]; exit; }
