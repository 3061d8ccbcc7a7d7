// Package apns wakes phones through Apple's push service, and keeps the push certificate that it takes.
//
// A push says nothing but "call home" (docs/PROTOCOL.md, push). [Client.Send] makes one attempt and says what Apple's
// answer means; when to try again is the caller's business.
//
// # Traps
//
//   - The topic is the UID in the certificate's subject. A certificate with another topic makes every enrolled phone
//     deaf, so an import of one is refused while phones are enrolled, unless it is forced.
//   - 410 speaks of the past: "unregistered since". A newer token from the phone wins over it.
//   - Apple speaks HTTP/2 only and wants one connection that stays.
//
// Tables: push_certificates (one row for each imported certificate, the newest counts; keys are sealed).
package apns
