# SPDX-License-Identifier: Apache-2.0
# Starting and ending the lab and the agent, for the demo and the integration tests. Sourced inside a network
# namespace that has only lo. Every wait has a deadline that it names when it is missed. Only processes that were
# started here are ended, by their id.

started=()  # process ids, in the order in which they were started
work=""     # a private directory in memory, removed at the end

begin_work() {
  ip link set lo up || { echo "cannot raise lo" >&2; exit 1; }
  work=$(mktemp -d "${KEYWARD_WORK:-/dev/shm}/keyward.XXXXXX") || exit 1
  trap end_work EXIT
  trap 'exit 130' INT TERM
}

end_work() {
  local i pid
  for ((i = ${#started[@]} - 1; i >= 0; i--)); do
    pid=${started[i]}
    kill "$pid" 2>/dev/null && wait_gone "$pid" 5
  done
  [ -n "$work" ] && rm -rf "$work"
}

# wait_gone PID SECONDS: after the deadline the process is killed.
wait_gone() {
  local until=$((SECONDS + $2))
  while kill -0 "$1" 2>/dev/null && [ $SECONDS -lt $until ]; do sleep 0.02; done
  kill -0 "$1" 2>/dev/null && { echo "process $1 did not end within $2 s: killed" >&2; kill -9 "$1"; }
  wait "$1" 2>/dev/null
}

# wait_for SECONDS WHAT COMMAND...: polls until the command succeeds.
wait_for() {
  local seconds=$1 what=$2 until=$((SECONDS + $1)); shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || { echo "deadline of $seconds s missed: $what" >&2; return 1; }
    sleep 0.05
  done
}

# start NAME COMMAND...: in the background, output to $work/NAME.out and $work/NAME.log; its id in $pid.
start() {
  local name=$1; shift
  "$@" >"$work/$name.out" 2>"$work/$name.log" &
  pid=$!
  started+=("$pid")
}

stop() { # stop PID
  local i
  kill "$1" 2>/dev/null && wait_gone "$1" 5
  for i in "${!started[@]}"; do [ "${started[i]}" = "$1" ] && unset 'started[i]'; done
  started=("${started[@]}")
}

# start_lab [SWITCH...]: with its directory in $lab and its id in $lab_pid.
start_lab() {
  lab="$work/lab"
  mkdir -p "$lab"
  if [ -d "${KEYWARD_PKI_CACHE:-/nonexistent}" ] && [ ! -d "$lab/pki" ]; then cp -r "$KEYWARD_PKI_CACHE" "$lab/pki"; fi
  start lab "$bin/keyward-lab" up --dir "$lab" "$@"
  lab_pid=$pid
  wait_for 60 "the lab is up (see $work/lab.log)" test -s "$lab/lab.json" || { cat "$work/lab.log" >&2; return 1; }
}

lab_fault() { "$bin/keyward-lab" fault --dir "$lab" "$@" >/dev/null; }
lab_member() { jq_string "$1" <"$lab/lab.json"; }
# The string member NAME of a flat JSON object on standard input.
jq_string() { /usr/bin/python3 -c 'import json,sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

# start_agent [CONFIG [SWITCH...]]: keyward serve, its id in $agent_pid.
start_agent() {
  start agent "$bin/keyward" serve -c "${1:-$lab/keyward.yaml}" "${@:2}"
  agent_pid=$pid
}
probe() { curl -sf -o /dev/null --max-time 3 "http://127.0.0.1:8081/$1"; }
