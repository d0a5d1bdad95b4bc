//go:build tools

// Package tools names CoreDNS, so that go.mod and go.sum pin it and all it needs.
package tools

import _ "github.com/coredns/coredns"
