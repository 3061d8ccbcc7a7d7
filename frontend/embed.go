// Package frontend carries the built screens inside the program.
//
// The screens are made by `npm run build` in this folder. Before the first build dist holds only a
// placeholder, so that the Go code compiles on a fresh clone; Built tells the two apart.
package frontend

import (
	"embed"
	"io/fs"
)

// The files stand in a sub-folder of this package because embedding cannot climb to a sibling folder.
//
//go:embed all:dist
var files embed.FS

//go:embed src/words
var words embed.FS

// Dist returns the built screens with index.html at the top.
func Dist() fs.FS {
	dist, err := fs.Sub(files, "dist")
	if err != nil {
		panic(err) // the folder is part of the binary: only a bug can take it away
	}
	return dist
}

// Built reports whether the screens were made before this program was.
func Built() bool {
	_, err := fs.Stat(files, "dist/index.html")
	return err == nil
}

// Words returns the catalogues of the screens, one JSON file for each language. Menus and native dialogs of the window
// have their sentences there too.
func Words() fs.FS {
	sub, err := fs.Sub(words, "src/words")
	if err != nil {
		panic(err) // the folder is part of the binary: only a bug can take it away
	}
	return sub
}
