package text

import (
	"cmp"
	"strconv"
	"strings"
)

// Problem is something about the words of a text that is wrong, or that somebody should look at.
type Problem struct {
	Code     string
	Blocking bool // the words cannot be published; otherwise a hint
	Language string
	Key      Key
	At       int // where in the words, and how much of them, in UTF-16 units, as editors in browsers count
	Length   int
	Params   map[string]string
	Where    string // in an imported file: "line 12", "F12"
}

// sentences say what the codes mean, for logs and scripts; the screens have words of their own. {x} is a parameter.
var sentences = map[string]string{
	"unknown_key":      "there is no such text",
	"unknown_language": "there is no such language; add it first",
	"encoding":         "it is not text in UTF-8",
	"far_too_long":     "it is far too long to be kept",
	"not_hideable":     "it cannot be hidden",
	"blank":            "it has only spaces; leave it empty for the default",
	"control":          "it has the letter {letter}, which nobody sees",
	"line_break":       "it has one line only",
	"braces":           "braces that are no variable",
	"nameless":         "a variable without a name",
	"block_open":       "the block {name} does not end",
	"block_end":        "the end of the block {name}, which is not open",
	"block_nested":     "the block {name} inside another one",
	"plural_line":      "each line is a plural form, such as one: … or other: …",
	"plural_form":      "{form} is not a plural form",
	"plural_missing":   "the plural form {form} is missing",
	"unknown_variable": "there is no variable {name} here",
	"missing_variable": "the variable {name} is missing",
	"too_long":         "it has {have} characters, and {max} at most",
	"link":             "a link to {address}: only https, mailto and tel lead anywhere",
	"markup":           "HTML, images and tables are shown as they are written",
	"markdown":         "Markdown is shown as it is written",
	"arrow":            "an arrow that points the wrong way in this language",
	"quotes":           "the mark {mark}, where the language writes {right}",
	"still_english":    "it is still English",
	"terms_mixed":      "the terms never mix languages, so this text is needed too",
	"terms_default":    "there are terms in {language}, and none in the default language",
	"terms_version":    "say whether the changed terms are a new version or a small correction",
	"note":             "the note has {max} characters at most",

	"twice":               "it stands twice, first at {first}",
	"file_too_large":      "the file is too large",
	"file_encoding":       "the file is not text in UTF-8",
	"file_broken":         "the file cannot be read: {detail}",
	"file_headings":       "the first row must name the columns key and text, each once",
	"file_language":       "the file does not say which language it holds",
	"file_other_language": "the file holds {language}, and not {wanted}",
}

// String is the problem in a sentence, with its place.
func (p Problem) String() string {
	s := cmp.Or(sentences[p.Code], strings.ReplaceAll(p.Code, "_", " "))
	for name, value := range p.Params {
		s = strings.ReplaceAll(s, "{"+name+"}", value)
	}
	place := strings.Trim(p.Language+"/"+string(p.Key), "/")
	if p.Where != "" {
		place = strings.TrimPrefix(place+", "+p.Where, ", ")
	}
	if p.Length > 0 {
		s += ", at " + strconv.Itoa(p.At+1)
	}
	return strings.TrimPrefix(place+": "+s, ": ")
}
