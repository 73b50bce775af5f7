# SPDX-License-Identifier: Apache-2.0
# podman as this machine lets it run: runc, no raised limits. Sourced; containers_begin WORK first.

engine() { podman --runtime runc "$@"; }
containers_begin() {
  export CONTAINERS_CONF=$1/containers.conf
  printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]\n' >"$CONTAINERS_CONF"
}

# scratch_image NAME ROOT [CHANGE...]: an image of one folder.
scratch_image() {
  local name=$1 root=$2 change=(); shift 2
  for word in "$@"; do change+=(--change "$word"); done
  tar -C "$root" -c . | engine import "${change[@]}" - "$name" >/dev/null 2>&1
}
# with_libraries ROOT PROGRAM...: copies programs of this machine and the libraries that they name.
with_libraries() {
  local root=$1 program; shift
  mkdir -p "$root"
  for program in "$@"; do
    cp --parents -L "$program" "$root"
    { ldd "$program" | grep -oE '/[^ ]+' | sort -u | xargs -I{} cp --parents -L {} "$root/"; } 2>/dev/null
  done
  return 0
}
