// Package move brings people here from an older device management.
//
// The administrator hands in the list of phones that the old management exports. Each line becomes a [Record]. Its person
// is found among those that we know, is invited with a letter, and has moved once a phone of theirs is enrolled here that
// can be the one of the line. In the end the records that have moved are removed, with a list of what to delete in the old
// management, and the move is closed: nothing of it stays.
//
// Where a record is, is stored nowhere. [Describe] says it from the evidence: what the newest list has, who was invited,
// which attempts are under way, which phones are enrolled.
//
// # Traps
//
//   - A phone that has a management profile cannot enroll. As long as the old list has a phone that has not moved, its old
//     profile is in the way; the server never hears of such a try.
//   - User Enrollment tells no serial number, so nothing proves that a phone is the one of a line. Person, model and times
//     decide, and one enrollment never stands for two lines. A phone that the old management heard of after it was
//     enrolled here is another one.
//   - Serial numbers, telephone numbers and whatever else the old list knows are not kept: there is nothing here that they
//     could be compared with.
//   - A letter may carry an enrollment code. It is in clear in the answer, this one time.
//
// Tables: moves, move_records.
package move
