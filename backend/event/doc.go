// Package event remembers what happened, for administrators: the timeline of a phone, the audit trail, and the news that
// screens wait for. It also names what is wrong at the moment, as findings.
//
// An event is a fact that somebody may ask about later, and stays. What only an operator needs goes to the log.
//
// # Traps
//
//   - An event is added in the transaction of the thing that happened, or it did not happen.
//   - Params are for machines and screens: codes, names and numbers, never sentences and never secrets.
//   - Sequence numbers of two processes may become visible out of order; a reader of news looks a little way back.
//
// Tables: events.
package event
