// Package ddm answers a phone that manages itself by declarations.
//
// A phone that was told so asks over the check-in channel for tokens, for the list of declarations and for each of
// them, and reports its status from then on without being asked. The library is small and fixed: who we are
// (organization-info), what we want to hear (status-subscriptions), and the activation that puts that into force.
// It depends on nothing but the settings, so each phone of this server has the same.
//
// # Traps
//
//   - Answers are JSON, though the question is a property list.
//   - The same DeclarationsToken has to stand in the tokens, in the list and in the command; a phone stops syncing as
//     soon as it finds the one it knows. It is the digest of the list, so it changes exactly with the content.
//   - An activation is all or nothing: one configuration that the phone finds invalid keeps the others from working.
//   - 404 to a declaration makes the phone drop it. An error of ours must be another answer.
//   - A status report has only what changed, until one says FullReport.
//
// Tables: declaration_status; its rows go with their enrollment.
package ddm
