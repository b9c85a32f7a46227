{{- /*
What naming the mesh's services in the cluster's DNS takes, in kube-system. Given as (dict "root" $ "read" …) with the verbs by
which an object is read: it is followed, or asked for once.
*/}}
{{- define "maesh.dnsRules" -}}
# Which DNS there is.
- apiGroups: [apps]
  resources: [deployments, daemonsets]
  verbs: [list{{ if has "watch" .read }}, watch{{ end }}]
# A restart of one that doesn't read its configuration again by itself, or of which that is asked for.
- apiGroups: [apps]
  resources: [deployments, daemonsets]
  resourceNames:
    {{- range concat (list "coredns" "rke2-coredns-rke2-coredns" "node-local-dns" "nodelocaldns") (default list .root.Values.dns.workloads) }}
    - {{ . | quote }}
    {{- end }}
  verbs: [patch]
# Its configuration, where each of the distributions that are known has it. What was made there for the mesh alone is deleted.
- apiGroups: ['']
  resources: [configmaps]
  resourceNames:
    {{- range concat (list "coredns" "coredns-custom" "rke2-coredns-rke2-coredns" "kube-dns" "node-local-dns" "nodelocaldns") (default list .root.Values.dns.configMaps) }}
    - {{ . | quote }}
    {{- end }}
  verbs: [{{ join ", " .read }}, patch, delete]
{{- end }}

{{- /* What the DNS operator of OpenShift is told, which configures the cluster's DNS by itself. */}}
{{- define "maesh.dnsOperatorRules" -}}
- apiGroups: [operator.openshift.io]
  resources: [dnses]
  resourceNames: [default]
  verbs: [{{ join ", " .read }}, patch]
{{- end }}

{{- /* The mesh's own CoreDNS, in the mesh's own namespace. After `helm uninstall` it is gone, which is all that there is to see. */}}
{{- define "maesh.ownDnsRules" -}}
- apiGroups: ['']
  resources: [configmaps]
  resourceNames: [coredns, coredns-custom]
  verbs: [{{ join ", " .read }}{{ if has "watch" .read }}, patch{{ end }}]
{{- end }}
