{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/*
What a pod of yours includes. In a chart that has this one as a dependency, the context is .Subcharts.keyward:
  spec:
    {{- include "keyward.podSpec" .Subcharts.keyward | nindent 4 }}
    initContainers: [native sidecar or init container]
      {{- include "keyward.sidecar" .Subcharts.keyward | nindent 4 }}
    volumes:
      {{- include "keyward.volumes" .Subcharts.keyward | nindent 4 }}
*/}}

{{/* Account, identity, nodes, groups and profile: fields of a pod's spec. */}}
{{- define "keyward.podSpec" -}}
{{- include "keyward.validate" . -}}
serviceAccountName: {{ include "keyward.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- if .Values.hostNetwork }}
hostNetwork: true
{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
nodeSelector:
  {{- include "keyward.nodeSelector" . | nindent 2 }}
{{- with .Values.pod.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.pod.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  fsGroup: {{ .Values.pod.fsGroup | int64 }}
  {{- with include "keyward.deviceGroup" . }}
  supplementalGroups: [{{ . }}]
  {{- end }}
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "keyward.nodeSelector" -}}
{{- range $name, $value := .Values.pod.nodeSelector }}
{{- if not (kindIs "invalid" $value) }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Labels of a pod with keyward: NetworkPolicy and PodMonitor select by the first. */}}
{{- define "keyward.podLabels" -}}
keyward.dev/pod: "true"
{{- if eq .Values.workloadIdentity.mode "webhook" }}
azure.workload.identity/use: "true"
{{- end }}
{{- end -}}

{{- define "keyward.securityContext" -}}
runAsNonRoot: true
runAsUser: {{ .Values.pod.runAsUser | int64 }}
runAsGroup: {{ .Values.pod.runAsGroup | int64 }}
readOnlyRootFilesystem: true
{{- if eq .Values.device.access "hostPath" }}
privileged: true # device.access=hostPath: the device cgroup opens a node's device for nothing less
{{- else }}
allowPrivilegeEscalation: false
{{- end }}
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* Takes (list CONTEXT RESOURCES). */}}
{{- define "keyward.resources" -}}
{{- $ := index . 0 -}}
{{- $resources := deepCopy (index . 1) -}}
{{- if eq $.Values.device.access "plugin" -}}
{{- $limits := merge (dict $.Values.device.resourceName "1") (default dict $resources.limits) -}}
{{- $_ := set $resources "limits" $limits -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}

{{/* Takes (list CONTEXT EXTRA). */}}
{{- define "keyward.env" -}}
{{- $ := index . 0 -}}
{{- if eq $.Values.workloadIdentity.mode "projected" }}
- {name: AZURE_CLIENT_ID, value: {{ include "keyward.clientId" $ | quote }}}
- {name: AZURE_TENANT_ID, value: {{ $.Values.workloadIdentity.tenantId | quote }}}
- {name: AZURE_FEDERATED_TOKEN_FILE, value: /var/run/secrets/azure/tokens/azure-identity-token}
{{- end }}
{{- with index . 1 }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Volume mounts of keyward itself: takes (list CONTEXT EXTRA). */}}
{{- define "keyward.ownMounts" -}}
{{- $ := index . 0 -}}
- {name: keyward-config, mountPath: /etc/keyward, readOnly: true}
- {name: keyward-run, mountPath: {{ $.Values.volumes.run.mountPath }}}
- {name: keyward-keys, mountPath: {{ $.Values.volumes.keys.mountPath }}}
{{- range dig "server" "tokens" list $.Values.config }}
- {name: keyward-token-{{ .name }}, mountPath: {{ dir .file }}}
{{- end }}
{{- if eq $.Values.workloadIdentity.mode "projected" }}
- {name: keyward-identity, mountPath: /var/run/secrets/azure/tokens, readOnly: true}
{{- end }}
{{- if eq $.Values.device.access "hostPath" }}
- {name: keyward-device, mountPath: {{ $.Values.device.path }}}
{{- end }}
{{- with index . 1 }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The sidecar, an entry of initContainers (sidecar.native) or of containers. */}}
{{- define "keyward.sidecar" -}}
{{- include "keyward.validate" . -}}
- name: keyward
  image: {{ include "keyward.image" . | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  args: [serve]
  {{- if .Values.sidecar.native }}
  restartPolicy: Always
  {{- end }}
  {{- with include "keyward.env" (list . .Values.sidecar.extraEnv) }}
  env:
    {{- . | nindent 4 }}
  {{- end }}
  ports:
    - {name: keyward-health, containerPort: {{ include "keyward.healthPort" . }}}
  securityContext:
    {{- include "keyward.securityContext" . | nindent 4 }}
  resources:
    {{- include "keyward.resources" (list . .Values.sidecar.resources) | nindent 4 }}
  startupProbe:
    exec: {command: [/usr/bin/keyward, probe, started]}
    {{- toYaml .Values.sidecar.startupProbe | nindent 4 }}
  readinessProbe:
    exec: {command: [/usr/bin/keyward, probe, ready]}
    {{- toYaml .Values.sidecar.readinessProbe | nindent 4 }}
  livenessProbe:
    exec: {command: [/usr/bin/keyward, probe, live]}
    {{- toYaml .Values.sidecar.livenessProbe | nindent 4 }}
  volumeMounts:
    {{- include "keyward.ownMounts" (list . .Values.sidecar.extraVolumeMounts) | nindent 4 }}
{{- end -}}

{{/* The init container, an entry of initContainers: the keys are files when the application starts, and nothing keeps running. */}}
{{- define "keyward.initContainer" -}}
{{- include "keyward.validate" . -}}
- name: keyward-init
  image: {{ include "keyward.image" . | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  args: [init]
  {{- with include "keyward.env" (list . .Values.initContainer.extraEnv) }}
  env:
    {{- . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "keyward.securityContext" . | nindent 4 }}
  resources:
    {{- include "keyward.resources" (list . .Values.initContainer.resources) | nindent 4 }}
  volumeMounts:
    {{- include "keyward.ownMounts" (list . .Values.initContainer.extraVolumeMounts) | nindent 4 }}
{{- end -}}

{{/* The volumes that both need: entries of volumes. */}}
{{- define "keyward.volumes" -}}
- name: keyward-config
  configMap: {name: {{ include "keyward.configMapName" . }}}
- name: keyward-run
  emptyDir: {medium: Memory, sizeLimit: {{ .Values.volumes.run.sizeLimit }}}
- name: keyward-keys
  emptyDir: {medium: Memory, sizeLimit: {{ .Values.volumes.keys.sizeLimit }}}
{{- range dig "server" "tokens" list .Values.config }}
- name: keyward-token-{{ .name }}
  emptyDir: {medium: Memory, sizeLimit: 64Ki}
{{- end }}
{{- if eq .Values.workloadIdentity.mode "projected" }}
- name: keyward-identity
  projected:
    sources:
      - serviceAccountToken:
          path: azure-identity-token
          audience: api://AzureADTokenExchange
          expirationSeconds: {{ .Values.workloadIdentity.tokenExpirationSeconds | int64 }}
{{- end }}
{{- if eq .Values.device.access "hostPath" }}
- name: keyward-device
  hostPath: {path: {{ .Values.device.path }}, type: CharDevice}
{{- end }}
{{- end -}}

{{/* Volume mounts of the application: the socket's directory and the key files, read-only. A socket is used through a read-only mount too. */}}
{{- define "keyward.volumeMounts" -}}
- {name: keyward-run, mountPath: {{ .Values.volumes.run.mountPath }}, readOnly: true}
- {name: keyward-keys, mountPath: {{ .Values.volumes.keys.mountPath }}, readOnly: true}
{{- end -}}
