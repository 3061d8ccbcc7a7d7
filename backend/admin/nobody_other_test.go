//go:build !linux

package admin_test

import "testing"

// asNobody needs rights of single threads, which only Linux has.
func asNobody(*testing.T, func()) {}
