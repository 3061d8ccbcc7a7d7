// Package portal draws the pages that a person sees in the web sheet of the enrollment.
//
// The phone opens /signin/{session}?user-identifier=…, the person signs in, and the answer is the 308 that hands the
// access token back to the phone (Apple, "Implementing the simple authentication account-driven enrollment flow").
// Pages are plain HTML: no scripts, no cookies, nothing from other hosts. The session in the path is all the state there is.
//
// # Traps
//
//   - An error status ends the enrollment on the phone. Whatever the person can still put right is a page with 200.
//   - user-identifier is text that anybody may have typed. It fills a field and proves nothing.
//   - The phone replaces the whole query of the address that we gave it. What must survive is in the path or in the form.
//   - The sheet follows a form's answer to apple-remotemanagement-user-login:. The form-action of the content security
//     policy must name that scheme, since browsers check it for redirects too.
//
// Tables: consents (who agreed to what), consent_texts (the texts that were shown, each once), logos, previews (links for
// a real phone).
package portal
