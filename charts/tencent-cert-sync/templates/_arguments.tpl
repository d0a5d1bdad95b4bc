{{- /*
The operator's arguments, a YAML list. Whatever is a flag of the operator and a value of the chart is always given, but for the
Lease's namespace and the interval of the inventory.
*/ -}}
{{- define "tencent-cert-sync.arguments" -}}
{{- with .Values.clusterName }}
- {{ printf "--cluster-name=%s" . | quote }}
{{- end }}
- {{ printf "--account=%s" .Values.account | quote }}
- {{ printf "--tencent-endpoint=%s" .Values.endpoint | quote }}
{{- if include "tencent-cert-sync.credentialsMounted" . }}
- {{ printf "--credentials-directory=%s" .Values.credentials.mountPath | quote }}
{{- end }}
{{- with .Values.watchNamespaces }}
- {{ printf "--namespaces=%s" (join "," .) | quote }}
{{- end }}
{{- with .Values.labelSelector }}
- {{ printf "--label-selector=%s" . | quote }}
{{- end }}
- {{ printf "--resync=%s" .Values.resync | quote }}
{{- if ne .Values.inventoryInterval "1h" }}
- {{ printf "--inventory-interval=%s" .Values.inventoryInterval | quote }}
{{- end }}
- {{ printf "--upload-slots=%d" (int .Values.uploadSlots) | quote }}
- {{ printf "--upload-budget=%s" .Values.uploadBudget | quote }}
- {{ printf "--concurrency=%d" (int .Values.concurrency) | quote }}
- {{ printf "--dry-run=%t" .Values.dryRun | quote }}
- {{ printf "--leader-elect=%t" .Values.leaderElection.enabled | quote }}
{{- if .Values.leaderElection.enabled }}
- {{ printf "--lease-name=%s" (include "tencent-cert-sync.leaseName" .) | quote }}
{{- /*
The namespace of the pod is the operator's default: naming it would only be wrong once somebody moves the manifest, as
kustomize does. Without the ServiceAccount's usual token the operator has no way to know it.
*/}}
{{- if or .Values.leaderElection.leaseNamespace (not .Values.automountServiceAccountToken) }}
- {{ printf "--lease-namespace=%s" (include "tencent-cert-sync.leaseNamespace" .) | quote }}
{{- end }}
- {{ printf "--lease-duration=%s" .Values.leaderElection.leaseDuration | quote }}
- {{ printf "--renew-deadline=%s" .Values.leaderElection.renewDeadline | quote }}
- {{ printf "--retry-period=%s" .Values.leaderElection.retryPeriod | quote }}
{{- end }}
- {{ printf "--log-level=%s" .Values.log.level | quote }}
- {{ printf "--log-format=%s" .Values.log.format | quote }}
- {{ printf "--health-address=:%d" (int .Values.healthPort) | quote }}
- {{ ternary (printf "--metrics-address=:%d" (int .Values.metrics.port)) "--metrics-address=off" .Values.metrics.enabled | quote }}
- {{ printf "--shutdown-grace=%s" .Values.shutdownGrace | quote }}
{{- end -}}
