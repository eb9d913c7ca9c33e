//go:build tools

// Package pebble pins the Pebble daemon the integration tests run against.
package pebble

import _ "github.com/canonical/pebble/cmd/pebble"
