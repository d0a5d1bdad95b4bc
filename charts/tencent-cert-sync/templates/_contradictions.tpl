{{- /* Fails with everything that is missing or contradicts itself in the values, all of it at once. */ -}}
{{- define "tencent-cert-sync.contradictions" -}}
{{- $problems := list -}}
{{- $variables := list -}}
{{- range .Values.extraEnv }}{{ $variables = append $variables .name }}{{ end -}}

{{- if not (or .Values.clusterName (has "TENCENT_CERT_SYNC_CLUSTER_NAME" $variables) .Values.extraEnvFrom) -}}
{{- $problems = append $problems "clusterName is not set. Every certificate is tagged with the name of its cluster, which keeps two clusters from using each other's certificates. Choose a name that is unique within the account, and do not change it later: --set clusterName=production-1" -}}
{{- end -}}

{{- range $key := list "secretId" "secretKey" "sessionToken" -}}
{{- if and (hasKey $.Values.credentials $key) (not (kindIs "invalid" (get $.Values.credentials $key))) -}}
{{- $problems = append $problems (printf "credentials.%s is set. Keys in values are kept in the release, and often in a repository. Put them into a Secret and set credentials.existingSecret to its name" $key) -}}
{{- end -}}
{{- end -}}
{{- range .Values.extraEnv -}}
{{- if and (has .name (list "TENCENTCLOUD_SECRET_KEY" "TENCENTCLOUD_SESSION_TOKEN")) (hasKey . "value") -}}
{{- $problems = append $problems (printf "extraEnv holds the value of %s. Take it from a Secret, with valueFrom, or use credentials.existingSecret" .name) -}}
{{- end -}}
{{- end -}}
{{- if not (or (include "tencent-cert-sync.credentialsMounted" .) (has "TENCENTCLOUD_SECRET_ID" $variables) .Values.extraEnvFrom .Values.dryRun) -}}
{{- $problems = append $problems "credentials.existingSecret is not set. Set it to the name of a Secret with the keys TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY. (Or mount them at credentials.mountPath with extraVolumes and extraVolumeMounts, or set dryRun.)" -}}
{{- end -}}

{{- $durations := list (list "resync" .Values.resync "100ms" "168h") (list "shutdownGrace" .Values.shutdownGrace "1s" "1h") -}}
{{- if ne .Values.inventoryInterval "off" -}}
{{- $durations = append $durations (list "inventoryInterval" .Values.inventoryInterval "1m" "168h") -}}
{{- end -}}
{{- if .Values.leaderElection.enabled -}}
{{- with .Values.leaderElection -}}
{{- $durations = append $durations (list "leaderElection.leaseDuration" .leaseDuration "1s" "1h") -}}
{{- $durations = append $durations (list "leaderElection.renewDeadline" .renewDeadline "500ms" "1h") -}}
{{- $durations = append $durations (list "leaderElection.retryPeriod" .retryPeriod "100ms" "1m") -}}
{{- end -}}
{{- end -}}
{{- range $durations -}}
{{- $given := include "tencent-cert-sync.milliseconds" (index . 1) | int64 -}}
{{- $least := include "tencent-cert-sync.milliseconds" (index . 2) | int64 -}}
{{- $most := include "tencent-cert-sync.milliseconds" (index . 3) | int64 -}}
{{- if or (lt $given $least) (gt $given $most) -}}
{{- $problems = append $problems (printf "%s is %s, expected a duration from %s to %s" (index . 0) (index . 1) (index . 2) (index . 3)) -}}
{{- end -}}
{{- end -}}

{{- if not .Values.leaderElection.enabled -}}
{{- if gt (int .Values.replicaCount) 1 -}}
{{- $problems = append $problems (printf "replicaCount is %d, and leaderElection.enabled is false: every replica would upload, and together they would exceed ten calls a second" (int .Values.replicaCount)) -}}
{{- end -}}
{{- if .Values.strategy -}}
{{- $type := dig "type" "" .Values.strategy -}}
{{- if ne $type "Recreate" -}}
{{- $problems = append $problems (printf "strategy.type is %s, and leaderElection.enabled is false: during an update two operators would upload at the same time. Leave strategy empty, or set strategy.type to Recreate" (default "not set, which means RollingUpdate" $type)) -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- $election := .Values.leaderElection -}}
{{- if ge (include "tencent-cert-sync.milliseconds" $election.renewDeadline | int64) (include "tencent-cert-sync.milliseconds" $election.leaseDuration | int64) -}}
{{- $problems = append $problems (printf "leaderElection.renewDeadline (%s) must be shorter than leaderElection.leaseDuration (%s)" $election.renewDeadline $election.leaseDuration) -}}
{{- end -}}
{{- if gt (include "tencent-cert-sync.milliseconds" $election.retryPeriod | mul 3) (include "tencent-cert-sync.milliseconds" $election.renewDeadline | int64) -}}
{{- $problems = append $problems (printf "leaderElection.retryPeriod (%s) must be at most a third of leaderElection.renewDeadline (%s): a failed renewal must be retried in time" $election.retryPeriod $election.renewDeadline) -}}
{{- end -}}
{{- end -}}

{{- if le (mul 1000 (int64 .Values.terminationGracePeriodSeconds)) (include "tencent-cert-sync.milliseconds" .Values.shutdownGrace | int64) -}}
{{- $problems = append $problems (printf "terminationGracePeriodSeconds (%d) must be longer than shutdownGrace (%s): the operator would be killed before it has shut down" (int64 .Values.terminationGracePeriodSeconds) .Values.shutdownGrace) -}}
{{- end -}}

{{- if and .Values.image.digest (not (regexMatch "^sha256:[0-9a-f]{64}$" .Values.image.digest)) -}}
{{- $problems = append $problems (printf "image.digest is %q, expected sha256: and 64 hexadecimal digits in lower case" .Values.image.digest) -}}
{{- end -}}

{{- if ne (len .Values.watchNamespaces) (len (uniq .Values.watchNamespaces)) -}}
{{- $problems = append $problems (printf "watchNamespaces names a namespace twice: %s" (join ", " .Values.watchNamespaces)) -}}
{{- end -}}

{{- if not (or .Values.serviceAccount.create .Values.serviceAccount.name) -}}
{{- $problems = append $problems "serviceAccount.create is false, and serviceAccount.name is empty: the namespace's default ServiceAccount would get the operator's permissions. Set serviceAccount.name to the one to use" -}}
{{- end -}}

{{- if .Values.podDisruptionBudget.enabled -}}
{{- $budget := .Values.podDisruptionBudget -}}
{{- if and (ne (toString $budget.minAvailable) "") (ne (toString $budget.maxUnavailable) "") -}}
{{- $problems = append $problems "podDisruptionBudget.minAvailable and podDisruptionBudget.maxUnavailable cannot be set together" -}}
{{- end -}}
{{- $replicas := int .Values.replicaCount -}}
{{- if gt $replicas 1 -}}
{{- $least := toString $budget.minAvailable -}}
{{- $pods := trimSuffix "%" $least | atoi -}}
{{- if hasSuffix "%" $least -}}
{{- /* Kubernetes rounds up. */ -}}
{{- $pods = div (add (mul $pods $replicas) 99) 100 | int -}}
{{- end -}}
{{- if ge $pods $replicas -}}
{{- $problems = append $problems (printf "podDisruptionBudget.minAvailable (%s) must be less than the %d replicas: no node could ever be drained. Lower it, or raise replicaCount" $least $replicas) -}}
{{- end -}}
{{- if regexMatch "^0+%?$" (toString $budget.maxUnavailable) -}}
{{- $problems = append $problems (printf "podDisruptionBudget.maxUnavailable (%s) must allow one replica to be unavailable: no node could ever be drained. Set it to 1, or leave it empty" (toString $budget.maxUnavailable)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- if .Values.metrics.enabled -}}
{{- if eq (int .Values.metrics.port) (int .Values.healthPort) -}}
{{- $problems = append $problems (printf "metrics.port and healthPort are both %d" (int .Values.healthPort)) -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled (not .Values.metrics.service.enabled) -}}
{{- $problems = append $problems "serviceMonitor.enabled needs metrics.service.enabled. Without a Service, use podMonitor" -}}
{{- end -}}
{{- else if or .Values.serviceMonitor.enabled .Values.podMonitor.enabled .Values.prometheusRule.enabled -}}
{{- $problems = append $problems "serviceMonitor, podMonitor and prometheusRule need metrics.enabled" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled -}}
{{- $problems = append $problems "serviceMonitor.enabled and podMonitor.enabled cannot be set together: every series would exist twice" -}}
{{- end -}}

{{- range $name, $alias := dict "dnsPolicy" "podDnsPolicy" "dnsConfig" "podDnsConfig" -}}
{{- $other := get $.Values $alias -}}
{{- if and $other (ne (toJson $other) (get $.Values $name | toJson)) -}}
{{- $problems = append $problems (printf "%s and %s are both set, and differ. Set one of them" $name $alias) -}}
{{- end -}}
{{- end -}}

{{- range $name := list "serviceMonitor" "podMonitor" -}}
{{- $monitor := get $.Values $name -}}
{{- if and $monitor.enabled $monitor.interval $monitor.scrapeTimeout -}}
{{- if gt (include "tencent-cert-sync.milliseconds" $monitor.scrapeTimeout | int64) (include "tencent-cert-sync.milliseconds" $monitor.interval | int64) -}}
{{- $problems = append $problems (printf "%s.scrapeTimeout (%s) must not be longer than %s.interval (%s): Prometheus would refuse the configuration" $name $monitor.scrapeTimeout $name $monitor.interval) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- if and (eq (toString .Values.dnsPolicy) "None") (not (dig "nameservers" list (default dict .Values.dnsConfig))) -}}
{{- $problems = append $problems "dnsPolicy is None, and dnsConfig.nameservers is empty: the API server would refuse the pod. Set dnsConfig.nameservers" -}}
{{- end -}}

{{- if and .Values.hostNetwork .Values.networkPolicy.enabled -}}
{{- $problems = append $problems "networkPolicy.enabled has no effect: NetworkPolicies do not apply to pods with hostNetwork" -}}
{{- end -}}

{{- /* The namespace of the Lease too where it is not given: the Role for it is where the value says. */ -}}
{{- $given := list "--lease-namespace" -}}
{{- range include "tencent-cert-sync.arguments" . | fromYamlArray }}{{ $given = append $given (splitList "=" . | first) }}{{ end -}}
{{- range .Values.extraArgs -}}
{{- $flag := splitList "=" . | first -}}
{{- if has $flag $given -}}
{{- $problems = append $problems (printf "extraArgs repeats %s, which the chart sets from another value" $flag) -}}
{{- end -}}
{{- end -}}

{{- /* A flag wins over the variable of the same name. */ -}}
{{- range $variables -}}
{{- $flag := printf "--%s" (trimPrefix "TENCENT_CERT_SYNC_" . | lower | replace "_" "-") -}}
{{- if and (hasPrefix "TENCENT_CERT_SYNC_" .) (has $flag $given) -}}
{{- $problems = append $problems (printf "extraEnv sets %s, and the chart sets %s from another value, which wins. Set that value instead" . $flag) -}}
{{- end -}}
{{- if and (hasPrefix "TENCENTCLOUD_S" .) (has "--credentials-directory" $given) -}}
{{- $problems = append $problems (printf "extraEnv sets %s, which has no effect: credentials are read from the files at credentials.mountPath" .) -}}
{{- end -}}
{{- if or (and $.Values.proxy.httpsProxy (eq (upper .) "HTTPS_PROXY")) (and $.Values.proxy.noProxy (eq (upper .) "NO_PROXY")) -}}
{{- $problems = append $problems (printf "extraEnv sets %s, which the chart sets from proxy" .) -}}
{{- end -}}
{{- end -}}

{{- with $problems -}}
{{- fail (printf "\n\nThese values are invalid:\n- %s\n" (join "\n- " .)) -}}
{{- end -}}
{{- end -}}
