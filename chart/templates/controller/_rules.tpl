{{- /* What the controller may do in every namespace whose services are in the mesh. */}}
{{- define "maesh.meshRules" -}}
# What the mesh is made of. Pods say of which service account a caller is, and stand for endpoints that nobody has written.
- apiGroups: ['']
  resources: [services, pods]
  verbs: [list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
- apiGroups: [access.smi-spec.io, specs.smi-spec.io, split.smi-spec.io]
  resources: [traffictargets, httproutegroups, tcproutes, udproutes, trafficsplits]
  verbs: [get, list, watch]
# Problems of these objects are said in their status.
- apiGroups: [access.smi-spec.io, specs.smi-spec.io, split.smi-spec.io]
  resources: [traffictargets/status, httproutegroups/status, tcproutes/status, udproutes/status, trafficsplits/status]
  verbs: [patch]
# Problems of all objects are Events on them, taken away when they are mended. Found again by list after a restart.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [list, create, patch, delete]
{{- end }}
