// Package event remembers what happened, for administrators: the timeline of a phone, the audit trail, and the news that
// screens wait for. It also names what is wrong at the moment, as findings.
//
// An event is a fact that somebody may ask about later, and stays. What only an operator needs goes to the log.
//
// Each event is sealed into a chain about a second after it was committed: [Log.Run] reads what is new and appends its
// digest, so no phone waits for another one's. [Log.Verify] finds what was changed behind our back, and names the first
// such event. The chain is made under a key that lies sealed in the database: who has the file alone cannot mend it.
//
// It also knows at which hours phones could reach us: a silence at other hours says nothing about a phone. Kept are the
// stretches of presence, by the same clock that stamps when a phone was seen; what lies between them is absence. So a
// clock that is set forward or back, and right again later, leaves no absence behind.
//
// # Traps
//
//   - An event is added in the transaction of the thing that happened, or it did not happen.
//   - Params are for machines and screens: codes, names and numbers, never sentences and never secrets.
//   - What is not sealed yet can be changed unnoticed: the newest second, and for three hours what is about nobody, so that
//     a stranger who knocks can be forgotten without a trace. The chain goes in the order of sealing, not of numbers.
//   - Whoever deletes events calls [Log.Forget]: their links stay, and an event says which were removed.
//   - What the digest covers, and how, must stay as it is, or old trails verify no more.
//   - Sequence numbers of two processes may become visible out of order; a reader of news looks a little way back.
//
// Tables: events, links (the chain), trail (its key and its end), presence (few and small, so they stay).
package event
