{{- /* Generated from values.yaml by npm run generate: what holds for a value that is null. */ -}}
{{- define "tencent-cert-sync.defaults" -}}
global:
  imageRegistry: ''
  imagePullSecrets: []
  commonLabels: {}
  nodeSelector: {}
  priorityClassName: ''
  logLevel: ''
  rbac:
    create: true
  leaderElection:
    namespace: ''
    leaseDuration: ''
    renewDeadline: ''
    retryPeriod: ''
clusterName: ''
credentials:
  existingSecret: ''
  mountPath: /etc/tencent-cert-sync/credentials
account: default
endpoint: ssl.intl.tencentcloudapi.com
watchNamespaces: []
labelSelector: ''
resync: 10h
inventoryInterval: 1h
uploadSlots: 10
uploadBudget: 5/h
concurrency: 8
dryRun: false
shutdownGrace: 30s
log:
  level: info
  format: json
replicaCount: 2
leaderElection:
  enabled: true
  leaseName: ''
  leaseNamespace: ''
  leaseDuration: 15s
  renewDeadline: 10s
  retryPeriod: 2s
image:
  registry: ''
  repository: tencent-cert-sync
  tag: ''
  digest: ''
  pullPolicy: IfNotPresent
imagePullSecrets: []
nameOverride: ''
fullnameOverride: ''
namespaceOverride: ''
commonLabels: {}
commonAnnotations: {}
rbac:
  create: true
serviceAccount:
  create: true
  name: ''
  annotations: {}
  labels: {}
  automountServiceAccountToken: false
automountServiceAccountToken: true
admissionPolicy:
  enabled: true
  renderMode: skipIfMissing
strategy: {}
revisionHistoryLimit: 10
deploymentAnnotations: {}
deploymentLabels: {}
podAnnotations: {}
podLabels: {}
podSecurityContext: {}
securityContext: {}
resources: {}
healthPort: 8081
livenessProbe: {}
readinessProbe: {}
terminationGracePeriodSeconds: 40
nodeSelector: {}
tolerations: []
affinity: {}
topologySpreadConstraints: []
priorityClassName: ''
runtimeClassName: ''
hostAliases: []
hostNetwork: false
dnsPolicy: ''
dnsConfig: {}
enableServiceLinks: false
proxy:
  httpsProxy: ''
  noProxy: ''
extraArgs: []
extraEnv: []
extraEnvFrom: []
extraVolumes: []
extraVolumeMounts: []
extraInitContainers: []
extraContainers: []
extraObjects: []
podDisruptionBudget:
  enabled: true
  minAvailable: ''
  maxUnavailable: ''
  unhealthyPodEvictionPolicy: AlwaysAllow
networkPolicy:
  enabled: false
  apiServerPorts: []
  ingressFrom: []
  extraIngress: []
  extraEgress: []
metrics:
  enabled: true
  port: 9402
  service:
    enabled: true
    port: 9402
    ipFamilyPolicy: ''
    ipFamilies: []
    annotations: {}
    labels: {}
serviceMonitor:
  enabled: false
  renderMode: skipIfMissing
  namespace: ''
  additionalLabels: {}
  annotations: {}
  interval: 30s
  scrapeTimeout: 10s
  honorLabels: true
  relabelings: []
  metricRelabelings: []
  endpointAdditionalProperties: {}
podMonitor:
  enabled: false
  renderMode: skipIfMissing
  namespace: ''
  additionalLabels: {}
  annotations: {}
  interval: 30s
  scrapeTimeout: 10s
  honorLabels: true
  relabelings: []
  metricRelabelings: []
  endpointAdditionalProperties: {}
prometheusRule:
  enabled: false
  renderMode: skipIfMissing
  namespace: ''
  additionalLabels: {}
  annotations: {}
  alertLabels: {}
  alerts:
    changeNotSynced: true
    watchStale: true
    nobodyLeads: true
    uploadedCertificateExpires: true
    rejected: true
    namespaceUnreadable: true
    accountHeld: true
    serviceSilent: true
    inventoryOverdue: true
  thresholds:
    unsyncedSeconds: 900
    watchAgeSeconds: 300
    uploadedExpiryDays: 7
  additionalRules: []
{{- end -}}
