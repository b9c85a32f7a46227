{{- /* What naming the mesh's services in the cluster's DNS takes, in kube-system. */}}
{{- define "maesh.dnsRules" -}}
# The Corefile, or where else the DNS that there is takes more names from.
- apiGroups: ['']
  resources: [configmaps]
  verbs: [get, list, watch, create, update, patch, delete]
# Which DNS there is, in which version, and a restart of one that doesn't read its configuration again by itself.
- apiGroups: [apps]
  resources: [deployments, daemonsets]
  verbs: [get, list, watch, patch]
{{- end }}
