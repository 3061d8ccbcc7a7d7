// Package app is the desktop program: a window that shows the screens, and the server behind it.
//
// It decides nothing. The screens talk to the admin door of the backend; what only a window can do, such as a save dialog,
// is a handful of addresses under /shell. Started with arguments, the program is the command line.
//
// # Traps
//
//   - Requests of the page do not come through net/http's server: a panic in a handler would end the program, contexts are
//     never cancelled, and 304, redirects and cookies do not work. See [window.door].
//   - Closing the window is not quitting. Phones say goodbye once, so the server should be there when they do.
//   - Everything of Wails that needs its context works only after OnStartup.
package app

import (
	"fmt"
	"os"
	"runtime"

	"example.org/gatehouse/app/cli"
)

// Main runs the program: the window, or with arguments the command line. It does not return.
func Main() {
	args := os.Args[1:]
	if len(args) > 0 {
		os.Exit(cli.Main(args))
	}
	if !display() {
		fmt.Fprintln(os.Stderr, "There is no display here, so this is the server without its window. The screens are at the admin address below.")
		os.Exit(cli.Main([]string{"serve"}))
	}
	if err := runWindow(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// display reports whether a window can be shown. Only Linux programs are started without one.
func display() bool {
	return runtime.GOOS != "linux" || os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
}
