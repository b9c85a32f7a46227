{{- /* Annotations of what is there after `helm uninstall` only, given as (dict "weight" 5). */}}
{{- define "maesh.hook" -}}
helm.sh/hook: post-delete
helm.sh/hook-weight: {{ .weight | quote }}
# What fails stays, with its log.
helm.sh/hook-delete-policy: hook-succeeded,before-hook-creation
{{- end }}
