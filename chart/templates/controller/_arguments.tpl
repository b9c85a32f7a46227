{{- /* The flags of the controller: docs/settings.md. */}}
{{- define "maesh.controllerArguments" -}}
{{- $controller := .Values.controller -}}
- --namespace={{ .Release.Namespace }}
- --meshDomains={{ join "," .Values.meshDomains }}
- --clusterDomain={{ .Values.clusterDomain }}
{{- if not .Values.dns.keep }}
- --keepDNS=false
{{- else if .Values.dns.restart }}
- --restartDNS
{{- end }}
- --defaultMode={{ (.Values.mesh).defaultMode | default .Values.defaultMode }}
{{- if .Values.acl }}
- --acl
{{- end }}
{{- if .Values.closeForbidden }}
- --closeForbidden
{{- end }}
{{- with $controller.watchNamespaces }}
- --watchNamespaces={{ join "," . }}
{{- end }}
{{- with $controller.ignoreNamespaces }}
- --ignoreNamespaces={{ join "," . }}
{{- end }}
{{- range $limit, $flag := dict "httpPorts" "limitHTTPPort" "tcp" "limitTCPPort" "udp" "limitUDPPort" }}
{{- with get $.Values.limits $limit }}
- --{{ $flag }}={{ int . }}
{{- end }}
{{- end }}
{{ include "maesh.logArguments" (dict "root" $ "of" $controller) }}
{{- end }}

{{- /* How it logs, given as (dict "root" $ "of" .Values.controller). */}}
{{- define "maesh.logArguments" -}}
- --logLevel={{ .of.logLevel | default .root.Values.logLevel | default "error" }}
- --logFormat={{ .of.logFormat | default .root.Values.logFormat | default "common" }}
{{- end }}
