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
	rtl      bool
}

// Tag is the language as BCP 47 writes it: "de", "zh-Hant".
func (l Language) Tag() string { return l.tag }

// RTL says whether the language is written from right to left.
func (l Language) RTL() bool { return l.rtl }

func newLanguage(tag, fallback string) Language {
	script, _ := language.Make(tag).Script()
	return Language{tag, fallback, slices.Contains([]string{"Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm", "Rohg"}, script.String())}
}

// ParseTag brings a language tag into the form in which languages are stored, or says that it is none.
func ParseTag(tag string) (string, error) {
	t, err := language.Parse(tag)
	if err != nil || t.IsRoot() || len(tag) > 35 || len(t.Extensions()) > 0 {
		return "", fmt.Errorf("%w: %q", ErrLanguage, tag)
	}
	return t.String(), nil
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
	if preference == "" || len(preference) > maxPreference || len(m.tags) == 0 {
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

// Match chooses the language for a reader: the first preference that the catalogue can serve, else the fallback, which
// is the organization's default and is served even if it is switched off.
// A preference is a BCP 47 tag or an Accept-Language list; the order of them is that of portal-texts, section 2:
// what the person chose on the page, what the phone signed as LANGUAGE, what the browser accepts.
func (c *Catalog) Match(fallback string, preferences ...string) Language {
	if fallback = c.all.match(fallback); fallback == "" {
		fallback = source
	}
	tag := fallback
	for _, p := range preferences {
		if t := c.matcher.match(p); t != "" {
			tag = t
			break
		}
	}
	return newLanguage(tag, fallback)
}

// Exactly is the language with this tag, switched on or not, and the pseudo-language too: what an editor shows is what
// was asked for. A tag that nobody here knows is matched as a phone's would be.
func (c *Catalog) Exactly(fallback, tag string) Language {
	l := c.Match(fallback, tag)
	if tag == pseudoTag || c.knows(tag) {
		return newLanguage(tag, l.fallback)
	}
	return l
}

// Languages are those that phones are offered, English first, each falling back as l does.
func (c *Catalog) Languages(l Language) []Language {
	all := make([]Language, len(c.languages))
	for i, t := range c.languages {
		all[i] = newLanguage(t, l.fallback)
	}
	return all
}
