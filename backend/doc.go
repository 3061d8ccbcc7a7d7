// Package backend is the server: it puts the rooms together, opens the listeners, runs until it is told to stop, and
// leaves the data so that the next start goes on.
//
// [Open] takes the data folder for this process and opens the database. [Backend.Run] serves: the public listener for
// phones and people, with TLS, and the admin listener for the screens, on loopback. Before the first questions are
// answered ([Backend.Create], the set-up) there are no authorities and nothing to serve phones with; the public listener
// starts as soon as there is.
//
// # Traps
//
//   - A 200 to a phone means that the row is on disk. Nothing here may answer for a room.
//   - No middleware sends a 401: to an enrolled phone that is the end of its management.
//   - Paths of the sign-in pages carry a secret. The request log names the route, never the path or the query.
//   - A second start on the same data folder must find the first one, not the database.
//
// Tables: none.
package backend
