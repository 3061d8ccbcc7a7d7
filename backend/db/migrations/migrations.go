// Package migrations carries the steps that bring a database of each engine to the schema of this program.
package migrations

import "embed"

// Files has the folders sqlite and postgres, with the same steps in both.
//
//go:embed sqlite postgres
var Files embed.FS
