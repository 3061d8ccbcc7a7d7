// Package event remembers what happened, for administrators: the timeline of a phone, the audit trail, and the news that
// screens wait for. It also names what is wrong at the moment, as findings.
//
// An event is a fact that somebody may ask about later, and stays. What only an operator needs goes to the log.
//
// It also knows at which hours phones could reach us: a silence at other hours says nothing about a phone. Kept are the
// stretches of presence, by the same clock that stamps when a phone was seen; what lies between them is absence. So a
// clock that is set forward or back, and right again later, leaves no absence behind.
//
// # Traps
//
//   - An event is added in the transaction of the thing that happened, or it did not happen.
//   - Params are for machines and screens: codes, names and numbers, never sentences and never secrets.
//   - Sequence numbers of two processes may become visible out of order; a reader of news looks a little way back.
//
// Tables: events, presence (few and small, so they stay).
package event
