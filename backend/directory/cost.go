//go:build !race

package directory

const (
	memory = 64 * 1024 // KiB
	passes = 3
)
