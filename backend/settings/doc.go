// Package settings holds what the administrator has set: one typed, validated document, and the secrets that belong to
// it.
//
// What can change while the server runs is a setting, not a flag. [Store.Change] is the only way to change one; it
// validates the whole document, asks the guards that other rooms hung up ("this would cut off 14 phones"), and leaves an
// event.
//
// # Traps
//
//   - There is no cache: several processes may share the database, and a read is one row by its key.
//   - The address that phones use is inside every phone's profile and can never change there.
//   - Secrets are not part of the document, so that it can be exported.
//
// Tables: settings, secrets.
package settings
