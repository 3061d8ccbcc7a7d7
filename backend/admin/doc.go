// Package admin is everything an administrator can do, and who may do it.
//
// It is the only door: the window, a browser, scripts, the command line and the tests call the methods of [API], in
// the process or through [API.Handler]. Each method is one intention, `func(ctx, *In) (*Out, error)`; routes.go lists
// them with method, path and role, and the OpenAPI paper at /api/openapi.json is made from that list.
//
// # Traps
//
//   - The handler is also mounted in the window's asset server, which is not net/http's: a panic there ends the
//     program, requests are never cancelled, answers 304 and 30x hang some web views. So the handler recovers panics,
//     sets its own deadlines and answers neither.
//   - Before the set-up is done there are no rooms: a method that needs one starts with a.rooms().
//   - An error leaves as a code with parameters. The words live in the screens, not here.
//   - Lists are never null in JSON: make them, even when they are empty.
//
// Tables: views (lists of phones that are kept under a name).
package admin
