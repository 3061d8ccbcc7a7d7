// Package pki is Gatehouse's certificate authority: it gives every phone its identity by SCEP, says who signed a request,
// signs the profiles that we send, and keeps the server's TLS certificate.
//
// The first thing a phone sends is signed by Apple's device authority ([OpenMachineInfo]). With its profile it gets a
// one-time [Challenge], spends it at the SCEP door ([Authority.Routes]) for a certificate, its [Identity], and signs every
// later message with it ([Authority.Verify]). All that mdm learns from a signature is the fingerprint of that certificate.
//
// Four keys live here, sealed: the device authority (RSA-2048, signs identities), the registration authority (RSA-2048,
// opens and signs SCEP messages), the private TLS root (P-256) and the profile signer (P-256).
//
// # Traps
//
//   - Apple's device authority is expired, its certificates may be, and some are signed with SHA-1. crypto/x509 refuses
//     them all, so that chain is checked by hand, without dates, against a pinned certificate.
//   - Everything that parses comes after a guard: a few kilobytes of nested headers can keep a parser busy for seconds.
//   - Signing takes a millisecond. It happens before [db.DB.Update], never in it.
//   - A phone whose SCEP answer was lost asks again with the same key and the spent challenge, and gets the same
//     certificate. Any other use of a spent challenge is refused.
//   - A phone trusts the private root through its profile. When that root runs out, those phones are lost.
//
// Tables: authorities, identities, challenges, tls_certificates.
package pki
