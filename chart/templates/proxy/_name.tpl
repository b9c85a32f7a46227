{{- /* Name of the proxies' DaemonSet. A DaemonSet of another name would begin to start proxies when the old ones have ended. */}}
{{- define "maesh.proxyName" -}}
{{- $left := lookup "apps/v1" "DaemonSet" .Release.Namespace "traefik-mesh-proxy" }}
{{- $isOurs := eq (dig "metadata" "labels" "release" "" $left) .Release.Name }}
{{- .Values.proxy.name | default ($isOurs | ternary "traefik-mesh-proxy" "maesh-mesh") -}}
{{- end }}
