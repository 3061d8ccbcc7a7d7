// Package db keeps everything Gatehouse knows, in one SQLite file or in PostgreSQL, behind one way to read and one way
// to write.
//
// [DB.View] reads one moment in time. [DB.Update] writes: when it returns nil, the data is on disk. Both engines run the
// same statements; what differs between them stays inside this package.
//
// # Traps
//
//   - The function given to Update may run more than once. It must have no effect outside of its transaction: no network,
//     no slow cryptography, no success logged. Signals go through [Tx.AfterCommit].
//   - On SQLite a single goroutine writes. What is slow inside Update is slow for everyone.
//   - A transaction has one time, [Tx.Now]. Nothing that is stored or compared asks the system's clock.
//   - Statements use $1, $2 …; times are milliseconds since 1970 ([Millis], [Time]); ids are text made in Go ([NewID]).
//
// Tables: leases (and schema_versions, which goose keeps).
package db
