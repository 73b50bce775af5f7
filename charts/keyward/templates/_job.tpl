{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* spec of a Job that runs one command: takes a dict of root, command, resources, job. */}}
{{- define "keyward.jobSpec" -}}
{{- $ := .root -}}
backoffLimit: {{ default 0 .job.backoffLimit | int64 }}
activeDeadlineSeconds: {{ .job.activeDeadlineSeconds | int64 }}
ttlSecondsAfterFinished: {{ .job.ttlSecondsAfterFinished | int64 }}
template:
  metadata:
    labels:
      {{- include "keyward.labels" $ | nindent 6 }}
      {{- include "keyward.podLabels" $ | nindent 6 }}
    {{- with $.Values.commonAnnotations }}
    annotations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  spec:
    restartPolicy: Never
    {{- include "keyward.podSpec" $ | nindent 4 }}
    containers:
      - name: keyward
        image: {{ include "keyward.image" $ | quote }}
        imagePullPolicy: {{ $.Values.image.pullPolicy }}
        args: {{ toJson .args }}
        {{- with include "keyward.env" (list $ $.Values.initContainer.extraEnv) }}
        env:
          {{- . | nindent 10 }}
        {{- end }}
        terminationMessagePolicy: FallbackToLogsOnError
        securityContext:
          {{- include "keyward.securityContext" $ | nindent 10 }}
        resources:
          {{- include "keyward.resources" (list $ $.Values.initContainer.resources) | nindent 10 }}
        volumeMounts:
          {{- include "keyward.ownMounts" (list $ $.Values.initContainer.extraVolumeMounts) | nindent 10 }}
    volumes:
      {{- include "keyward.volumes" $ | nindent 6 }}
{{- end -}}
