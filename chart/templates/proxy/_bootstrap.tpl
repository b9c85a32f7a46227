{{- /* What `maesh bootstrap` prints for this release: files/bootstrap.yaml is that with names in the place of what differs. */}}
{{- define "maesh.bootstrap" -}}
{{- $xdsHost := printf "maesh-controller.%s.svc.%s" .Release.Namespace .Values.clusterDomain }}
{{- .Files.Get "files/bootstrap.yaml" | replace "xds-host" $xdsHost | replace "mesh-namespace" (toYaml .Release.Namespace) }}
{{- end }}
