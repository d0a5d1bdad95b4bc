//go:build tools

// Package tools names the program that judges what the chart renders, so that go.mod and go.sum pin it.
package tools

import _ "github.com/zegl/kube-score/cmd/kube-score"
