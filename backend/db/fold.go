package db

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// letters that carry their mark inside, which no decomposition takes off.
var letters = strings.NewReplacer("ł", "l", "ø", "o", "đ", "d", "ı", "i", "æ", "ae", "œ", "oe", "þ", "th", "ð", "d")

// Fold is how text is compared in searches: without case and without marks, so that "muller" finds "Müller".
func Fold(s string) string {
	t := transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)), norm.NFKC)
	folded, _, err := transform.String(t, cases.Fold().String(s))
	if err != nil {
		folded = strings.ToLower(s)
	}
	return letters.Replace(strings.Join(strings.Fields(folded), " "))
}
