// Package portal draws the pages that a person sees in the web sheet of the enrollment.
//
// The phone opens /signin/{session}?user-identifier=…, the person signs in and goes on under a new session that only this
// browser knows, through privacy, terms, group and the phone's name, as far as they are asked for. The last page's answer
// is the 308 that hands the access token back to the phone (Apple, "Implementing the simple authentication account-driven
// enrollment flow"). Pages are plain HTML: no scripts, no cookies, nothing from other hosts. The session in the path is
// all the browser holds; answers are in the database beside the attempt, so that two taps, two tabs, the way back and a
// reload find the same state.
//
// [Site.Render] draws the very same pages for whoever edits them, with made-up people and words that are not published.
//
// # Traps
//
//   - An error status ends the enrollment on the phone. Whatever the person can still put right is a page with 200.
//   - user-identifier is text that anybody may have typed. It fills a field and proves nothing.
//   - The phone replaces the whole query of the address that we gave it. What must survive is in the path or in the form.
//   - The sheet follows a form's answer to apple-remotemanagement-user-login:. The form-action of the content security
//     policy must name that scheme, since browsers check it for redirects too.
//   - Whoever made a phone knock knows the first address. So nothing of a person who has signed in may be seen or done
//     under it: the pages after the sign-in need a session that is proven.
//   - What people agree to is proved by the digest of the text that they saw. It comes back with the form, and an
//     agreement to anything but today's text is asked for again.
//
// Consents go with their attempt; those of a person who has other phones here stay, and a text that was shown stays as the
// proof of what was agreed to, since it has nothing about anybody.
//
// Tables: consents (who agreed to what), consent_texts (the texts that were shown, each once), logos, previews (links for
// a real phone).
package portal
