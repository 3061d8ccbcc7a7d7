// Package enroll takes a phone from the question "what is your server?" to its signed enrollment profile.
//
// A phone discovers us (GET /.well-known/com.apple.remotemanagement), knocks with its signed MachineInfo (POST /enroll),
// is sent to the sign-in pages by a 401 with a challenge, and comes back with the access token that the sign-in gave
// it. From then on the token proves the sign-in on every request, as long as the enrollment lives.
//
// An [Attempt] is one such try: knocked → signed_in → offered → identified → done, or it stays where it got stuck, with
// the reason. The last two steps are told by package mdm through [Tokens].
//
// # Traps
//
//   - Nothing but the session in the path of the challenge's url and the token ties the three requests together; the
//     phone replaces the query of that url by its own.
//   - The body of the POST is read before anything else looks at the request: ParseForm would eat it, because some
//     phones call it a form.
//   - The token is not single-use. The phone repeats the POST, and every later request carries the same token.
//   - The first answer to the POST has to be the 401 with the challenge; any other ends the attempt on the phone.
//   - MachineInfo identifies neither phone nor person, and must not: where a serial number comes all the same, it is
//     not kept.
//
// Tables: attempts, sessions, tokens.
package enroll
