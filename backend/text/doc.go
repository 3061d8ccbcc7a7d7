// Package text holds every word that a phone's owner reads.
//
// A text has a [Key]. English carries, for each key, what it is for, how long it may be and which variables it knows;
// the other languages carry words alone. Each key falls back by itself: the person's language, the organization's
// default language, English.
//
//	{{support_name}}                       a variable; unknown ones are refused when the catalogue is read
//	{{#support_phone}}…{{/support_phone}}  is left out when the variable is empty
//
// # Traps
//
//   - A text is plain text and comes back unescaped: html/template escapes it, a profile does so by its encoder.
//   - Values of variables come from people. They are put in once and never looked at again, so that a name such as
//     "{{ref}}" stays those seven letters.
//   - ios_path and its like are Apple's own menu names in the reader's language. Translators never write them.
//
// Tables: none. Changed texts come with a table of their own; why is told in docs/decisions/texts-live-in-the-database.md.
package text
