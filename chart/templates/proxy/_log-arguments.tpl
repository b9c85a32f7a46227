{{- /* How Envoy logs, said in the original's levels and formats; given as (dict "root" $ "of" .Values.proxy). */}}
{{- define "maesh.envoyLogArguments" -}}
{{- $level := .of.logLevel | default .root.Values.logLevel | default "error" | lower }}
{{- $format := .of.logFormat | default .root.Values.logFormat | default "common" | lower -}}
- --log-level
- {{ get (dict "panic" "critical" "fatal" "critical") $level | default $level }}
{{- if eq $format "json" }}
- --log-format
- '{"time":"%Y-%m-%dT%T.%e%z","level":"%l","logger":"%n","node":"$(NODE_NAME)","msg":"%j"}'
{{- end }}
{{- end }}
