//go:build !unix

package pki

import "time"

// spent is how long fn takes.
func spent(fn func()) time.Duration {
	start := time.Now()
	fn()
	return time.Since(start)
}
