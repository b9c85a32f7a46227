{{- /* Name of the proxies' DaemonSet. A DaemonSet of another name would begin to start proxies when the old ones have ended. */}}
{{- define "maesh.proxyName" -}}
{{- $left := lookup "apps/v1" "DaemonSet" .Release.Namespace "traefik-mesh-proxy" }}
{{- $isOurs := eq (dig "metadata" "labels" "release" "" $left) .Release.Name }}
{{- .Values.proxy.name | default ($isOurs | ternary "traefik-mesh-proxy" "maesh-mesh") -}}
{{- end }}

{{- /*
For how long a new proxy is ready before the old one on its node is told to end. The original's ends at once then, and the leader has
to have taken it out of the mesh before: that begins when the new one is ready, and may wait for another leader.
*/}}
{{- define "maesh.minReadySeconds" -}}
{{- $left := lookup "apps/v1" "DaemonSet" .Release.Namespace (include "maesh.proxyName" .) }}
{{- $isOurs := dig "spec" "template" "metadata" "annotations" "maesh/bootstrap" "" $left }}
{{- .Values.proxy.minReadySeconds | default (not (or (empty $left) $isOurs) | ternary 30 0) -}}
{{- end }}
