module tencent-cert-sync/test/chart/prometheus-operator

go 1.26.0

// Nothing is built: the module's folder holds the CustomResourceDefinitions.
require github.com/prometheus-operator/prometheus-operator v0.85.0
