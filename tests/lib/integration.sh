# SPDX-License-Identifier: Apache-2.0
# The beginning of every integration test: sourced first. Runs the script in a network namespace with only lo.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/deps.sh
if [ -z "${KEYWARD_IN_NETWORK:-}" ]; then
  in_own_network "tests/integration/$(basename "$0")" "$@"
  exit
fi
. tests/lib/lab.sh
. tests/lib/tap.sh
bin=$PWD/build/${KEYWARD_PRESET:-release}
export KEYWARD_PKI_CACHE=${KEYWARD_PKI_CACHE:-$PWD/build/lab-pki}
export PYTHONDONTWRITEBYTECODE=1 # nothing is left in the source tree
begin_work
# start_lab, and keep its PKI for the next test: RSA-4096 keys take seconds.
start_lab_cached() {
  start_lab "$@" || { echo "not ok the lab comes up"; exit 1; }
  keep_pki
}
# Whole or not at all: other scripts run at the same time.
keep_pki() {
  [ ! -d "$KEYWARD_PKI_CACHE" ] || return 0
  cp -r "$lab/pki" "$KEYWARD_PKI_CACHE.$$" && mv -nT "$KEYWARD_PKI_CACHE.$$" "$KEYWARD_PKI_CACHE"
  rm -rf "$KEYWARD_PKI_CACHE.$$"
}
# For scripts that start labs of their own.
make_pki() {
  [ ! -d "$KEYWARD_PKI_CACHE" ] || return 0
  start_lab_cached
  stop "$lab_pid"
  rm -rf "$lab"
}
