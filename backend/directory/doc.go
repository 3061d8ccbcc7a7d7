// Package directory knows the people who may enroll a phone, and how they prove who they are: by the password of a
// local account, by an enrollment code, or by signing in to the organization's LDAP directory.
//
// [Directory.Prove] is the one door for all three. A local account goes first; whoever has none is looked up in LDAP.
//
// # Traps
//
//   - An answer must not tell whether a person exists: unknown people get the same words, the same counting, the same
//     lock, and the same questions to LDAP and one password hash. With LDAP, a local account is faster: it is not asked.
//   - What the directory says about an account (expired, disabled) is passed on only where the directory has seen the
//     right password.
//   - An LDAP bind with an empty password succeeds on many servers without any proof. It never leaves this package.
//   - A try is counted for the folded identifier, and for the person's own once LDAP has found one; the table holds a
//     digest, since people type passwords into the wrong field.
//
// Tables: local_accounts, managed_accounts, codes, sign_ins.
package directory
