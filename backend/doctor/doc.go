// Package doctor looks at the installation as an iPhone would: the name, the certificate, discovery, what the other
// rooms say about themselves; and it rehearses a whole enrollment with the simulated phone.
//
// # Traps
//
//   - The doctor talks to our own listener, whatever the names resolve to: a laptop behind a tunnel cannot see itself
//     from outside. What the names resolve to is a finding of its own.
//   - A rehearsal is a real enrollment by a real person's account. Everything it made is erased, also when it fails, and
//     also when the process dies in the middle: the next rehearsal or examination erases what the last one left.
//   - A rehearsal must work where unknown devices are refused. So each has its own device authority, which is believed
//     for as long as the rehearsal runs and no longer than a few minutes.
//
// Tables: none; a running rehearsal is the secret "rehearsal" of settings.
package doctor
