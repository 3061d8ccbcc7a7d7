package text

import (
	"regexp"
	"strings"
)

// pseudoTag is a language that nobody speaks: the English words with marks on their letters and a third longer. Whoever
// looks at a page in it sees what is not translated, what does not fit and what is cut off. Phones are never offered it.
const pseudoTag = "qps-ploc"

var accents = strings.NewReplacer(
	"a", "á", "c", "ç", "e", "ê", "i", "î", "l", "ļ", "n", "ñ", "o", "ö", "r", "ŕ", "s", "š", "u", "û", "y", "ý", "z", "ž",
	"A", "Å", "C", "Ç", "E", "É", "I", "Ï", "L", "Ŀ", "N", "Ñ", "O", "Ø", "R", "Ŕ", "S", "Š", "U", "Ü", "Y", "Ý", "Z", "Ž",
)

// untouched is what has to stay as it is: variables, and the addresses of links.
var untouched = regexp.MustCompile(`\{\{[^{}]*\}\}|\]\([^)]*\)`)

var word = regexp.MustCompile(`\p{L}{3,}`)

// pseudonym names a text in the pseudo-language: where English has none, it is made from the default language.
type pseudonym struct {
	key      Key
	fallback string
}

func (c *Catalog) pseudonym(l Language, key Key) *phrase {
	from, _ := c.find(newLanguage(source, l.fallback), key)
	if from == nil || from.hidden || strings.HasPrefix(string(key), "default.") || key == "language.name" {
		return from // names of Apple's menus and of languages are not ours to distort
	}
	name := pseudonym{key, l.fallback}
	if p, ok := c.pseudo.Load(name); ok {
		return p.(*phrase)
	}
	e := c.house.entries[key]
	p, _ := newPhrase(e, distorted(from.words, e.Plural))
	c.pseudo.Store(name, p)
	return p
}

func distorted(s string, plural bool) string {
	var b strings.Builder
	letters := func(s string) {
		s = word.ReplaceAllStringFunc(s, func(w string) string {
			letter := w[len(w)-1:]
			return w + strings.Repeat(letter, len(w)/3)
		})
		b.WriteString(accents.Replace(s))
	}
	for line := range strings.Lines(s) {
		if form, rest, ok := strings.Cut(line, ":"); ok && plural {
			b.WriteString(form + ":")
			line = rest
		}
		at := 0
		for _, m := range untouched.FindAllStringIndex(line, -1) {
			letters(line[at:m[0]])
			b.WriteString(line[m[0]:m[1]])
			at = m[1]
		}
		letters(line[at:])
	}
	return b.String()
}
