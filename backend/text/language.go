package text

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// maxPreference is how much of a list of languages is read: a browser sends some eighty bytes, a phone five.
const maxPreference = 256

// Language is one of the catalogue's, chosen for a reader.
type Language struct {
	tag      string
	fallback string // the organization's default, for keys that the language lacks
}

// Tag is the language as BCP 47 writes it: "de", "zh-Hant".
func (l Language) Tag() string { return l.tag }

// RTL says whether the language is written from right to left.
func (l Language) RTL() bool {
	script, _ := language.Make(l.tag).Script()
	return slices.Contains([]string{"Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm", "Rohg"}, script.String())
}

// matcher finds the catalogue's language that serves a reader best.
type matcher struct {
	tags []string
	find language.Matcher
}

func newMatcher(tags []string) (matcher, error) {
	parsed := make([]language.Tag, len(tags))
	for i, t := range tags {
		tag, err := language.Parse(t)
		if err != nil {
			return matcher{}, fmt.Errorf("catalogue %s: %w", t, err)
		}
		parsed[i] = tag
	}
	return matcher{tags: tags, find: language.NewMatcher(parsed)}, nil
}

// match reads a tag or an Accept-Language list. What nobody here speaks, and what is no list of languages, is "".
func (m matcher) match(preference string) string {
	preference = strings.TrimSpace(preference)
	if preference == "" || len(preference) > maxPreference {
		return ""
	}
	wanted, weights, err := language.ParseAcceptLanguage(preference)
	if err != nil {
		return ""
	}
	for i, tag := range wanted {
		if weights[i] <= 0 || tag == language.Und {
			continue
		}
		// One at a time: the reader's order counts for more than how near a language is.
		// The index is asked for, since the tag that comes back carries the reader's region along.
		if _, at, confidence := m.find.Match(tag); confidence > language.No {
			return m.tags[at]
		}
	}
	return ""
}

// Match chooses the language for a reader: the first preference that the catalogue can serve, else the fallback.
// A preference is a BCP 47 tag or an Accept-Language list; the order of them is that of portal-texts, section 2:
// what the person chose on the page, what the phone signed as LANGUAGE, what the browser accepts.
func (c *Catalog) Match(fallback string, preferences ...string) Language {
	l := Language{tag: c.matcher.match(fallback)}
	if l.tag == "" {
		l.tag = source
	}
	l.fallback = l.tag
	for _, p := range preferences {
		if t := c.matcher.match(p); t != "" {
			l.tag = t
			break
		}
	}
	return l
}

// Languages are all of the catalogue, English first, each falling back as l does.
func (c *Catalog) Languages(l Language) []Language {
	all := make([]Language, len(c.languages))
	for i, t := range c.languages {
		all[i] = Language{tag: t, fallback: l.fallback}
	}
	return all
}
