//go:build race

package directory

// Under the race detector, which nobody ships, a hash of full cost takes seconds and finds nothing more.
const (
	memory = 1024 // KiB
	passes = 1
)
