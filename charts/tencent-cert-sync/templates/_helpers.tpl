{{- define "tencent-cert-sync.name" -}}
{{- include "tencent-cert-sync.cut" (list 63 (default .Chart.Name .Values.nameOverride)) -}}
{{- end -}}

{{- /* A name of at most so many characters, which ends in no dash or dot for that. Call with (list LENGTH NAME). */ -}}
{{- define "tencent-cert-sync.cut" -}}
{{- regexReplaceAll "[-.]+$" (index . 1 | trunc (index . 0)) "" -}}
{{- end -}}

{{- /* Short enough for "-leader-election" and "-metrics" after it, and for the pods' names. */ -}}
{{- define "tencent-cert-sync.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- include "tencent-cert-sync.cut" (list 47 .Values.fullnameOverride) -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- include "tencent-cert-sync.cut" (list 47 $full) -}}
{{- end -}}
{{- end -}}

{{- define "tencent-cert-sync.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- /* For objects outside the release's namespace: no two releases of a cluster share it. */ -}}
{{- define "tencent-cert-sync.globalName" -}}
{{- printf "%s.%s" (include "tencent-cert-sync.fullname" .) (include "tencent-cert-sync.namespace" .) -}}
{{- end -}}

{{- define "tencent-cert-sync.serviceAccountName" -}}
{{- default (include "tencent-cert-sync.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "tencent-cert-sync.leaseNamespace" -}}
{{- default (include "tencent-cert-sync.namespace" .) .Values.leaderElection.leaseNamespace -}}
{{- end -}}

{{- /* What the names beside the Lease start with: in another namespace than the release's, no two releases share them. */ -}}
{{- define "tencent-cert-sync.electionName" -}}
{{- $home := eq (include "tencent-cert-sync.leaseNamespace" .) (include "tencent-cert-sync.namespace" .) -}}
{{- include (ternary "tencent-cert-sync.fullname" "tencent-cert-sync.globalName" $home) . -}}
{{- end -}}

{{- define "tencent-cert-sync.leaseName" -}}
{{- default (include "tencent-cert-sync.electionName" .) .Values.leaderElection.leaseName -}}
{{- end -}}

{{- define "tencent-cert-sync.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tencent-cert-sync.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "tencent-cert-sync.labels" -}}
helm.sh/chart: {{ include "tencent-cert-sync.cut" (list 63 (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_")) }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "tencent-cert-sync.selectorLabels" . }}
{{- end -}}

{{- /*
Labels and annotations of an object. Call with (list $ labels annotations); the last two may be empty. No label of the user's
replaces those that Services and monitors select by.
*/ -}}
{{- define "tencent-cert-sync.metadata" -}}
{{- $ := index . 0 -}}
{{- $selector := include "tencent-cert-sync.selectorLabels" $ | fromYaml -}}
{{- $labels := merge $selector (index . 1 | default dict) $.Values.commonLabels (include "tencent-cert-sync.labels" $ | fromYaml) -}}
{{- $annotations := merge (dict) (index . 2 | default dict) $.Values.commonAnnotations -}}
labels:
  {{- toYaml $labels | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "tencent-cert-sync.image" -}}
{{- /* The mirror of a whole installation wins, as in most charts: a chart from a release has its own registry set. */ -}}
{{- $registry := default .Values.image.registry .Values.global.imageRegistry -}}
{{- $tag := default (ternary "" .Chart.AppVersion (ne .Values.image.digest "")) .Values.image.tag -}}
{{- with $registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- .Values.image.repository -}}
{{- with $tag }}:{{ . }}{{ end -}}
{{- with .Values.image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{- define "tencent-cert-sync.imagePullSecrets" -}}
{{- range concat .Values.imagePullSecrets .Values.global.imagePullSecrets }}
- name: {{ ternary (get (ternary . dict (kindIs "map" .)) "name") . (kindIs "map" .) | quote }}
{{- end }}
{{- end -}}

{{- /* Milliseconds of a duration such as 1h30m, 15s or 250ms. */ -}}
{{- define "tencent-cert-sync.milliseconds" -}}
{{- $digits := "^[0-9]+" -}}
{{- $hours := regexFind "[0-9]+h" . | regexFind $digits | default "0" | atoi | mul 3600000 -}}
{{- $minutes := regexFind "[0-9]+m([^s]|$)" . | regexFind $digits | default "0" | atoi | mul 60000 -}}
{{- $seconds := regexFind "[0-9]+s" . | regexFind $digits | default "0" | atoi | mul 1000 -}}
{{- $rest := regexFind "[0-9]+ms" . | regexFind $digits | default "0" | atoi -}}
{{- add $hours $minutes $seconds $rest -}}
{{- end -}}

{{- /* The port that a URL or a host names; where it names none, the one of http:// or else that of https://. */ -}}
{{- define "tencent-cert-sync.port" -}}
{{- regexFind ":[0-9]+(/|$)" . | trimPrefix ":" | trimSuffix "/" | default (ternary "80" "443" (lower . | hasPrefix "http://")) -}}
{{- end -}}

{{- /* Whether credentials are mounted: from the Secret, or from a volume of the user's at the same place. */ -}}
{{- define "tencent-cert-sync.credentialsMounted" -}}
{{- if .Values.credentials.existingSecret -}}true{{- end -}}
{{- range .Values.extraVolumeMounts }}{{ if eq (toString .mountPath | trimSuffix "/") (trimSuffix "/" $.Values.credentials.mountPath) }}true{{ end }}{{ end -}}
{{- end -}}

{{- /* A map as YAML, without its `enabled`; nothing where that is false. */ -}}
{{- define "tencent-cert-sync.unlessDisabled" -}}
{{- if ne (toString (get . "enabled")) "false" -}}
{{- with omit . "enabled" -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Annotations of the pods: where no monitor is asked for, those by which other Prometheus installations find them. */ -}}
{{- define "tencent-cert-sync.podAnnotations" -}}
{{- $annotations := dict "kubectl.kubernetes.io/default-container" "operator" -}}
{{- if and .Values.metrics.enabled (not .Values.serviceMonitor.enabled) (not .Values.podMonitor.enabled) -}}
{{- $_ := set $annotations "prometheus.io/scrape" "true" -}}
{{- $_ := set $annotations "prometheus.io/port" (toString .Values.metrics.port) -}}
{{- $_ := set $annotations "prometheus.io/path" "/metrics" -}}
{{- end -}}
{{- merge (dict) .Values.podAnnotations $annotations | toYaml -}}
{{- end -}}

{{- /* Affinity of the pods: unless the user says otherwise, they rather run on different nodes. */ -}}
{{- define "tencent-cert-sync.affinity" -}}
{{- $selector := dict "matchLabels" (include "tencent-cert-sync.selectorLabels" . | fromYaml) -}}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" $selector -}}
{{- $apart := dict "preferredDuringSchedulingIgnoredDuringExecution" (list (dict "weight" 100 "podAffinityTerm" $term)) -}}
{{- $own := ternary dict (dict "podAntiAffinity" $apart) (hasKey .Values.affinity "podAntiAffinity") -}}
{{- merge (dict) .Values.affinity $own | toYaml -}}
{{- end -}}

{{- /* Strategy of the Deployment. Two operators without an election could exceed the pace together, so they never overlap. */ -}}
{{- define "tencent-cert-sync.strategy" -}}
{{- if eq (dig "type" "" (.Values.strategy | default dict)) "Recreate" -}}
{{- /* It allows no rollingUpdate, which may be left from the values before --set strategy.type=Recreate. */ -}}
{{ omit .Values.strategy "rollingUpdate" | toYaml }}
{{- else if .Values.strategy -}}
{{ toYaml .Values.strategy }}
{{- else if .Values.leaderElection.enabled -}}
type: RollingUpdate
rollingUpdate:
  maxUnavailable: 0
  maxSurge: 1
{{- else -}}
type: Recreate
{{- end -}}
{{- end -}}

{{- /*
Says "true" where an object of a kind that not every cluster has is to be rendered.
Call with (dict "root" $ "value" NAME "kind" GROUP/VERSION/KIND "from" WHERE-IT-COMES-FROM); NAME.enabled and NAME.renderMode decide.
"since", where it is given, is the version from which on every Kubernetes has the kind: a chart that is rendered without a
cluster (helm template, kustomize) knows at most a version, and no kinds.
*/ -}}
{{- define "tencent-cert-sync.renders" -}}
{{- $settings := get .root.Values .value -}}
{{- if $settings.enabled -}}
{{- $promised := and .since (semverCompare (printf ">= %s-0" .since) .root.Capabilities.KubeVersion.Version) -}}
{{- if or (eq $settings.renderMode "alwaysRender") (.root.Capabilities.APIVersions.Has .kind) $promised -}}
true
{{- else if eq $settings.renderMode "failIfMissing" -}}
{{- fail (printf "\n\n%s.enabled is true, and this cluster does not have %s (%s).\nSet %s.renderMode to skipIfMissing to leave it out, or to alwaysRender if it is installed later.\n" .value .kind .from .value) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tencent-cert-sync.rendersPolicy" -}}
{{- include "tencent-cert-sync.renders" (dict "root" . "value" "admissionPolicy" "kind" "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy" "since" "1.30.0" "from" "Kubernetes 1.30 or newer") -}}
{{- end -}}

{{- define "tencent-cert-sync.rendersServiceMonitor" -}}
{{- include "tencent-cert-sync.renders" (dict "root" . "value" "serviceMonitor" "kind" "monitoring.coreos.com/v1/ServiceMonitor" "from" "the Prometheus operator") -}}
{{- end -}}

{{- define "tencent-cert-sync.rendersPodMonitor" -}}
{{- include "tencent-cert-sync.renders" (dict "root" . "value" "podMonitor" "kind" "monitoring.coreos.com/v1/PodMonitor" "from" "the Prometheus operator") -}}
{{- end -}}

{{- define "tencent-cert-sync.rendersRule" -}}
{{- include "tencent-cert-sync.renders" (dict "root" . "value" "prometheusRule" "kind" "monitoring.coreos.com/v1/PrometheusRule" "from" "the Prometheus operator") -}}
{{- end -}}
