{{- /* Names and labels of everything. */}}

{{- define "maesh.chartLabel" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" -}}
{{- end }}

{{- /* Labels of an object, given as (dict "root" $ "component" "controller"). */}}
{{- define "maesh.labels" -}}
{{- include "maesh.selector" . }}
chart: {{ include "maesh.chartLabel" .root | quote }}
heritage: {{ .root.Release.Service | quote }}
{{- with .root.Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Labels by which pods are found. They are the original's, since a selector can't be changed later. */}}
{{- define "maesh.selector" -}}
app: maesh
component: {{ .component }}
release: {{ .root.Release.Name | quote }}
{{- end }}

{{- /* Labels of pods, given as (dict "root" $ "component" "controller" "of" .Values.controller). */}}
{{- define "maesh.podLabels" -}}
{{- include "maesh.selector" . }}
{{- with merge (dict) (default dict .of.podLabels) (default dict .root.Values.labels) }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Annotations of pods, given as (dict "root" $ "of" .Values.controller "port" 9000 "path" "/metrics"). */}}
{{- define "maesh.podAnnotations" -}}
{{- $scraped := dict }}
{{- if .root.Values.metrics.prometheus.enabled }}
{{- $scraped = dict "prometheus.io/scrape" "true" "prometheus.io/port" (toString .port) "prometheus.io/path" .path }}
{{- end }}
{{- with merge (dict) (default dict .of.podAnnotations) $scraped }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{- /* An image with its tag or digest, given as (dict "image" .Values.proxy.image), with a "tag" for where it says none. */}}
{{- define "maesh.image" -}}
{{- $tag := default .tag .image.tag | required (printf "the image %s has no tag" .image.name) }}
{{- printf "%s%s%s" .image.name (hasPrefix "sha256:" $tag | ternary "@" ":") $tag -}}
{{- end }}

{{- define "maesh.controllerImage" -}}
{{- include "maesh.image" (dict "image" (include "maesh.controller" . | fromYaml).image "tag" .Chart.AppVersion) -}}
{{- end }}

{{- /* Resources of a container: `limit` and `request` of `mem` and `cpu` as the original has them, or as Kubernetes does. */}}
{{- define "maesh.resources" -}}
{{- $all := dict }}
{{- $resources := default dict .resources }}
{{- range $ours, $theirs := dict "request" "requests" "limit" "limits" }}
{{- $given := merge (dict) (default dict (get $resources $theirs)) (default dict (get $resources $ours)) }}
{{- with get $given "mem" }}{{ $_ := set $given "memory" (default . $given.memory) }}{{ end }}
{{- with omit $given "mem" }}{{ $_ := set $all $theirs . }}{{ end }}
{{- end }}
{{- toYaml $all }}
{{- end }}

{{- /* Values of the controller, with those that chart 2.x has as `image`. */}}
{{- define "maesh.controller" -}}
{{- $controller := deepCopy .Values.controller }}
{{- $_ := set $controller "image" (merge (dict) (default dict .Values.image) $controller.image) }}
{{- toYaml $controller }}
{{- end }}

{{- /* Values of the proxies, with those that chart 2.x has as `mesh`. */}}
{{- define "maesh.proxy" -}}
{{- $proxy := merge (dict) (default dict .Values.mesh) (deepCopy .Values.proxy) }}
{{- with (.Values.image).pullSecret }}{{ $_ := set $proxy "image" (merge (dict) $proxy.image (dict "pullSecret" .)) }}{{ end }}
{{- toYaml $proxy }}
{{- end }}

{{- /* Where each kind of pod may run, what it may do, and what it is pulled with. */}}
{{- define "maesh.podSpec" -}}
{{- /* Variables for each Service of the namespace: Maesh would take them for settings that are mistyped. */ -}}
enableServiceLinks: false
{{- with .image.pullSecret }}
imagePullSecrets:
  - name: {{ . | quote }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* Namespaces that are watched, as a list in YAML; empty where all are. */}}
{{- define "maesh.watchedNamespaces" -}}
{{- $watched := list }}
{{- range .Values.controller.watchNamespaces }}
{{- if not (has . (append $.Values.controller.ignoreNamespaces "kube-system")) }}{{ $watched = append $watched . }}{{ end }}
{{- end }}
{{- toYaml (uniq $watched) }}
{{- end }}
