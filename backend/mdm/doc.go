// Package mdm speaks Apple's device management protocol with phones and remembers what they said.
//
// A phone checks in (Authenticate, TokenUpdate, CheckOut) and asks for commands. An [Enrollment] is one phone under
// management; this package alone changes it. The states and what moves them are drawn in docs/ARCHITECTURE.md, section 5.
//
// Every message names its enrollment and proves itself twice: by a signature of the phone's identity, and by the bearer
// token of the person who signed in. The digests of both are pinned at Authenticate, so a poll is one update and one
// look at the queue. Only when they differ from the pin are pki and enroll asked: after a renewal
// of the identity, or a new sign-in.
//
// # Traps
//
//   - 401 with a challenge asks the person to sign in again; 401 without one ends the management. One function sends it.
//   - A phone says goodbye once. If we are away at that moment, nobody will ever tell us.
//   - The queue is per enrollment; a phone that enrolls again must not find the commands of its former life.
//   - A phone repeats what it was not answered for. Every message must be harmless the second time.
//   - What a phone tells of its owner's own apps, or of anything else that User Enrollment does not permit, is dropped
//     at the door. So answers are kept as we understood them, not as they came.
//
// Tables: enrollments (narrow: the numbers that polls touch and lists scan), pins (who may speak for it), listed (the words
// that lists are searched and sorted by), devices (facts), remarks and tags (what people wrote), commands (the queue and
// what became of it), command_results (answers), managed_apps, pushes (whom to wake, and what Apple
// said), batches (what was archived together), receipts (that something was erased),
// cleanups (what automatic clean-up would do, and did).
package mdm
