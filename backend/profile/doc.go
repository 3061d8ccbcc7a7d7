// Package profile builds configuration profiles as values: what a phone installs when it enrolls.
//
// It knows the rules of account-driven User Enrollment, has no input or output and keeps nothing.
//
// # Traps
//
//   - AccessRights must be absent: its mere presence with EnrollmentMode BYOD makes an iPhone cancel the enrollment.
//   - AssignedManagedAppleID must be there and never empty, or the enrollment is cancelled after the sign-in.
//   - Topic, ServerURL, CheckInURL, EnrollmentMode, AssignedManagedAppleID and the per-user-connections capability are for
//     ever: an update of the profile with another value is refused by the phone.
//   - Keysize defaults to 1024 bits when it is missing.
//
// Tables: none.
package profile
