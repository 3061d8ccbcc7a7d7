// Package text holds every word that a phone's owner reads.
//
// A text has a [Key]. English carries, for each key, what it is for, how long it may be, which variables it knows and how
// much Markdown; the other languages carry words alone. What an administrator changes is laid over the words that are
// built in: first as a draft, then, once published, for every phone and every process at its next request. Each key falls
// back by itself: the person's language, the organization's default language, English.
//
//	{{support_name}}                       a variable; unknown ones cannot be published
//	{{#support_phone}}…{{/support_phone}}  is left out when the variable is empty
//	-                                      shows nothing, where the key may be hidden
//	one: … (line) other: …                 a text about a number: a line for each plural form of the language
//
// # Traps
//
//   - [Catalog.Text] is plain text and comes back unescaped: html/template escapes it, a profile does so by its encoder.
//     [Catalog.HTML] is HTML. A text with Markdown needs HTML on a page, or its stars are seen.
//   - Values of variables come from people. They are put in once and never looked at again, so that a name such as
//     "{{ref}}" stays those seven letters, and "**x**" five.
//   - Texts come from people, too, and from files that people sent. What Markdown does not know here stays text, and what
//     it draws is sanitized.
//   - ios_path and its like are Apple's own menu names in the reader's language. Translators never write them.
//   - The terms never mix languages: ask for their texts in [Catalog.Legal].
//
// Versions stay for ever: they are what proves which words somebody agreed to. So there is no Sweep.
//
// Tables: texts, text_versions, text_languages, text_revisions. Why they are there is told in
// docs/decisions/texts-live-in-the-database.md.
package text
