//go:build tools

// Package tools names the API server, so that go.mod and go.sum pin it and all it needs.
package tools

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
