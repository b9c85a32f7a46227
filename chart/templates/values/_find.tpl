{{- /* The value at a path, given as (dict "in" .Values "path" "controller.image.name"), as JSON: {} or {"found": …}. */}}
{{- define "maesh.find" -}}
{{- $at := dict "found" .in }}
{{- range splitList "." .path }}
{{- if and (hasKey $at "found") (kindIs "map" $at.found) (hasKey $at.found .) }}
{{- $at = dict "found" (get $at.found .) }}
{{- else }}
{{- $at = dict }}
{{- end }}
{{- end }}
{{- toJson $at }}
{{- end }}
