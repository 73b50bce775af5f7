{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* keyward.yaml, and what it must not say together with other values. */}}

{{- define "keyward.customTrust" -}}
{{- $c := .Values.config -}}
{{- $found := list -}}
{{- if eq (dig "cloud" "public" $c) "custom" }}{{ $found = append $found "cloud: custom" }}{{ end -}}
{{- if dig "tls" "caFile" "" $c }}{{ $found = append $found "tls.caFile" }}{{ end -}}
{{- if ne (dig "release" "signerRoots" "system" $c) "system" }}{{ $found = append $found "release.signerRoots" }}{{ end -}}
{{- if ne (dig "collateral" "trustedRoots" "builtin" $c) "builtin" }}{{ $found = append $found "collateral.trustedRoots" }}{{ end -}}
{{- if ne (dig "imds" "endpoint" "http://169.254.169.254" $c) "http://169.254.169.254" }}{{ $found = append $found "imds.endpoint" }}{{ end -}}
{{- if dig "collateral" "thim" "" $c }}{{ $found = append $found "collateral.thim" }}{{ end -}}
{{- if ne (dig "collateral" "kds" "https://kdsintf.amd.com" $c) "https://kdsintf.amd.com" }}{{ $found = append $found "collateral.kds" }}{{ end -}}
{{- if dig "identity" "authority" "" $c }}{{ $found = append $found "identity.authority" }}{{ end -}}
{{- if dig "network" "connectTo" list $c }}{{ $found = append $found "network.connectTo" }}{{ end -}}
{{- join ", " $found -}}
{{- end -}}

{{- define "keyward.http" -}}{{ dig "server" "http" "127.0.0.1:8080" .Values.config }}{{- end -}}
{{- define "keyward.health" -}}{{ dig "server" "health" "127.0.0.1:8081" .Values.config }}{{- end -}}
{{- define "keyward.healthPort" -}}{{ splitList ":" (include "keyward.health" .) | last }}{{- end -}}

{{/* Everything that a schema cannot say. Included by each object, so that none is rendered without it. */}}
{{- define "keyward.validate" -}}
{{- $trust := include "keyward.customTrust" . -}}
{{- if and $trust (not .Values.acknowledge.customTrust) -}}
{{- fail (printf "config names trust or endpoints that are not built in (%s). keyward then trusts whoever controls these; set acknowledge.customTrust=true if that is meant" $trust) -}}
{{- end -}}
{{- if and (eq .Values.device.access "hostPath") (not .Values.acknowledge.privilegedHostPath) -}}
{{- fail "device.access=hostPath makes every pod with keyward privileged, and admission policies refuse it. Use the device plugin, or set acknowledge.privilegedHostPath=true" -}}
{{- end -}}
{{- if and .Values.hostNetwork (include "keyward.http" .) -}}
{{- fail "hostNetwork together with config.server.http would offer the keys to every process of the node. Set config.server.http=\"\" and use the socket, or leave hostNetwork off" -}}
{{- end -}}
{{- if not (include "keyward.health" .) -}}
{{- fail "config.server.health is off, but the probes of the sidecar need it" -}}
{{- end -}}
{{- if eq (include "keyward.http" .) (include "keyward.health" .) -}}
{{- fail (printf "config.server.http and config.server.health are the same address, %s" (include "keyward.http" .)) -}}
{{- end -}}
{{- if not .Values.existingConfigMap -}}
{{- if and .Values.config.keys (not .Values.config.attestation.endpoints) -}}
{{- fail "config.keys are given, but config.attestation.endpoints is empty. Name the Azure Attestation endpoint that the keys' release policy names, for example https://sharedweu.weu.attest.azure.net" -}}
{{- end -}}
{{- include "keyward.validateKeys" . -}}
{{- end -}}
{{- if eq .Values.workloadIdentity.mode "projected" -}}
{{- if not .Values.workloadIdentity.tenantId -}}
{{- fail "workloadIdentity.tenantId is empty. Give your tenant (az account show --query tenantId), or set workloadIdentity.mode to webhook or off" -}}
{{- end -}}
{{- if not (include "keyward.clientId" .) -}}
{{- fail "no client id: set workloadIdentity.clientId or config.identity.clientId to that of the managed identity (az identity show --query clientId), or set workloadIdentity.mode=off" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.podMonitor.enabled (regexMatch "^(127\\.|\\[::1\\])" (include "keyward.health" .)) -}}
{{- fail (printf "podMonitor.enabled, but metrics are on %s, where Prometheus cannot reach them. Set config.server.health to 0.0.0.0:8081" (include "keyward.health" .)) -}}
{{- end -}}
{{- end -}}

{{- define "keyward.validateKeys" -}}
{{- $names := dict -}}
{{- $tokens := dict -}}
{{- range dig "server" "tokens" list .Values.config }}{{ $_ := set $tokens .name true }}{{ end -}}
{{- range .Values.config.keys -}}
{{- if hasKey $names .name }}{{ fail (printf "config.keys: two keys are named '%s'" .name) }}{{ end -}}
{{- $_ := set $names .name true -}}
{{- $key := . -}}
{{- range .allow -}}
{{- if and .token (not (hasKey $tokens .token)) -}}
{{- fail (printf "config.keys: '%s' allows the token '%s', which config.server.tokens does not have" $key.name .token) -}}
{{- end -}}
{{- end -}}
{{- range .outputs -}}
{{- if and (not (hasPrefix (printf "%s/" $.Values.volumes.keys.mountPath) .path)) (not .allowDisk) -}}
{{- fail (printf "config.keys: '%s' is written to '%s', which is not below volumes.keys.mountPath (%s), the only volume in memory for it" $key.name .path $.Values.volumes.keys.mountPath) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "keyward.config" -}}
{{- $c := deepCopy .Values.config -}}
{{- if and (include "keyward.clientId" .) (not (dig "identity" "clientId" "" $c)) -}}
{{- $_ := set $c "identity" (merge (dict "clientId" (include "keyward.clientId" .)) (default dict $c.identity)) -}}
{{- end -}}
{{- if not (dig "server" "socket" "path" "" $c) -}}
{{- if ne .Values.volumes.run.mountPath "/run/keyward" -}}
{{- $socket := merge (dict "path" (printf "%s/keyward.sock" .Values.volumes.run.mountPath)) (dig "server" "socket" dict $c) -}}
{{- $_ := set $c "server" (merge (dict "socket" $socket) (default dict $c.server)) -}}
{{- end -}}
{{- end -}}
{{- if .Values.nodeHelper.enabled -}}
{{- if not (dig "collateral" "file" "" $c) -}}
{{- $published := printf "%s/collateral" (dig "node" "directory" "/run/keyward/node" $c) -}}
{{- $_ := set $c "collateral" (merge (dict "file" $published) (default dict $c.collateral)) -}}
{{- end -}}
{{- if ne .Values.device.resourceName (dig "node" "resource" "keyward.dev/tpm" $c) -}}
{{- $_ := set $c "node" (merge (dict "resource" .Values.device.resourceName) (default dict $c.node)) -}}
{{- end -}}
{{- if and (dig "node" "configMap" "name" "" $c) (not (dig "node" "configMap" "namespace" "" $c)) -}}
{{- $_ := set $c.node.configMap "namespace" .Release.Namespace -}}
{{- end -}}
{{- end -}}
{{- toYaml $c -}}
{{- end -}}

{{/* The group of the device that pods get, when it is not theirs already; or nothing. */}}
{{- define "keyward.deviceGroup" -}}
{{- if not (kindIs "invalid" .Values.device.gid) -}}
{{- .Values.device.gid | int64 -}}
{{- else if eq .Values.device.access "plugin" -}}
{{- $gid := dig "node" "gid" 65532 .Values.config | int64 -}}
{{- if ne $gid (.Values.pod.runAsGroup | int64) }}{{ $gid }}{{ end -}}
{{- end -}}
{{- end -}}
