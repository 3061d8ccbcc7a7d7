// Package cli is the command line: the headless server, and every ability of the administrator as a command.
//
// Each command goes through the same HTTP door as the screens. If a server holds the data folder, the door is that
// server's; if none does, the command opens the backend itself and calls the same handler in the process. So a command
// cannot do what the screens cannot, and it works either way.
//
// # Traps
//
//   - Names, options, exit codes and JSON fields are promises: scripts hold on to them.
//   - Standard output has the answer and nothing else; standard error has one line that says why not, and what to do.
//   - Passwords come from standard input: options are seen by every user of the computer.
package cli
