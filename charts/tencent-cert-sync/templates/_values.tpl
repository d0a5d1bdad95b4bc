{{- /*
Makes .Values complete, so that templates need not ask what is there: Helm takes a value away that is set to null, and leaves
nothing where a whole group is. Every template calls it first.
*/ -}}
{{- define "tencent-cert-sync.values" -}}
{{- $defaults := include "tencent-cert-sync.defaults" . | fromYaml -}}
{{- include "tencent-cert-sync.fill" (list .Values $defaults) -}}
{{- $values := .Values -}}
{{- $global := .Values.global -}}
{{- $_ := set $values "commonLabels" (merge (dict) $values.commonLabels $global.commonLabels) -}}
{{- $_ := set $values "nodeSelector" (merge (dict) $values.nodeSelector $global.nodeSelector) -}}
{{- /* What stands in for a value that is left at its default. */ -}}
{{- range list
  (list $values.rbac $defaults.rbac "create" $global.rbac.create)
  (list $values $defaults "priorityClassName" $global.priorityClassName)
  (list $values.log $defaults.log "level" (include "tencent-cert-sync.logLevel" $global.logLevel))
  (list $values.leaderElection $defaults.leaderElection "leaseNamespace" $global.leaderElection.namespace)
  (list $values.leaderElection $defaults.leaderElection "leaseDuration" $global.leaderElection.leaseDuration)
  (list $values.leaderElection $defaults.leaderElection "renewDeadline" $global.leaderElection.renewDeadline)
  (list $values.leaderElection $defaults.leaderElection "retryPeriod" $global.leaderElection.retryPeriod)
  (list $values $defaults "dnsPolicy" $values.podDnsPolicy)
  (list $values $defaults "dnsConfig" $values.podDnsConfig)
-}}
{{- $group := index . 0 -}}
{{- $key := index . 2 -}}
{{- $other := index . 3 -}}
{{- $isDefault := eq (toString (get $group $key)) (toString (get (index . 1) $key)) -}}
{{- if and $isDefault (not (has (toString $other) (list "" "<nil>"))) -}}
{{- $_ := set $group $key $other -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Puts into a map what it lacks of another one, groups and all. `merge` would take false and 0 for missing. */ -}}
{{- define "tencent-cert-sync.fill" -}}
{{- $into := index . 0 -}}
{{- range $key, $value := index . 1 -}}
{{- if or (not (hasKey $into $key)) (kindIs "invalid" (get $into $key)) -}}
{{- $_ := set $into $key $value -}}
{{- else if and (kindIs "map" $value) $value -}}
{{- include "tencent-cert-sync.fill" (list (get $into $key) $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* A level by its word, or by a number as klog counts. */ -}}
{{- define "tencent-cert-sync.logLevel" -}}
{{- if kindIs "string" . -}}
{{- . -}}
{{- else -}}
{{- ternary "info" (ternary "debug" "trace" (le (int .) 5)) (le (int .) 2) -}}
{{- end -}}
{{- end -}}
