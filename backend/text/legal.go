package text

import (
	"slices"
	"strings"
	"time"
)

// Terms says which terms people agree to. The zero value is none: there is no such page.
type Terms struct {
	Version int
	Date    time.Time
}

const termsBody Key = "terms.body"

// legal says whether a key is one of the page with the terms, which never mixes languages.
func legal(key Key) bool {
	return strings.HasPrefix(string(key), "terms.") && key != "terms.starter" && key != "terms.other_language"
}

// whole says whether a language has all the words of the page with the terms.
func (c *Catalog) whole(tag string) bool {
	return !slices.ContainsFunc(c.house.keys, func(key Key) bool {
		if !legal(key) {
			return false
		}
		p := c.at(tag, key)
		return p == nil || p.words == "" || p.hidden
	})
}

// findLegal finds the languages in which the terms are whole.
func (c *Catalog) findLegal() {
	for _, tag := range c.all.tags {
		if c.whole(tag) {
			c.legal = append(c.legal, tag)
		}
	}
}

// Terms are those that a person has to agree to.
func (c *Catalog) Terms() Terms {
	if len(c.legal) == 0 {
		return Terms{}
	}
	t := c.terms
	t.Version = max(1, t.Version) // a draft that was not published yet
	return t
}

// Legal is the language in which a reader of l gets the terms: one in which they are whole. It is l, else the
// organization's default language, else any. Texts of keys that begin with "terms." are asked for in it, so that what a
// person agrees to never mixes languages; terms.other_language alone is asked for in l.
func (c *Catalog) Legal(l Language) Language {
	if l.tag == pseudoTag {
		return l
	}
	for _, tag := range slices.Concat(c.house.family(l.tag), c.house.family(l.fallback), c.legal) {
		if slices.Contains(c.legal, tag) {
			return newLanguage(tag, l.fallback)
		}
	}
	return l
}
