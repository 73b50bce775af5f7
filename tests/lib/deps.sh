# SPDX-License-Identifier: Apache-2.0
# Debian packages that the build, the demo and the tests need. Sourced; touches no network when nothing is missing.

build_packages="gcc binutils openssl cmake ninja-build pkg-config libc6-dev libssl-dev libcurl4-openssl-dev libcjson-dev
 libmicrohttpd-dev libtss2-dev libyaml-dev libc-ares-dev libseccomp-dev libnghttp2-dev libprotobuf-c-dev
 protobuf-c-compiler libcmocka-dev"
static_packages="make dpkg-dev xz-utils autoconf automake libtool autoconf-archive libltdl-dev" # for packaging/static-deps
demo_packages="$build_packages swtpm curl openssl jose iproute2 util-linux procps"
test_packages="$demo_packages clang clang-tidy clang-format cppcheck valgrind strace libclang-rt-14-dev
 tpm2-tools jq xxd mandoc bsdutils g++ python3 python3-cryptography python3-yaml python3-grpcio python3-protobuf git prometheus"

bench_packages="wrk python3-matplotlib"

# install_missing PACKAGE...: as root installs what is not there, otherwise prints the one line to type.
install_missing() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "Some Debian packages are missing. Please run, as root:" >&2
    echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
    return 1
  fi
  echo "installing ${missing[*]}" >&2
  apt-get update -qq >&2 || return 1
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || {
    echo "installing packages failed; see above" >&2
    return 1
  }
}

# build PRESET: configures when needed, builds what is stale.
build() {
  [ -f "build/$1/build.ninja" ] || cmake --preset "$1" >/dev/null || return 1
  cmake --build --preset "$1" -- -j"$(nproc)" >"build/$1/build.log" 2>&1 || {
    tail -n 40 "build/$1/build.log" >&2
    echo "building the preset $1 failed" >&2
    return 1
  }
}

# in_own_network SCRIPT ARGUMENT...: runs it in a fresh network namespace that has only lo, with mounts of its own.
in_own_network() {
  local how=(unshare -nm)
  [ "$(id -u)" -eq 0 ] || how=(unshare -rnm)
  KEYWARD_IN_NETWORK=1 "${how[@]}" -- "$@"
}
