package text

import (
	"cmp"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Key names a text: "signin.title".
type Key string

// Catalog is all words in all languages. It never changes.
type Catalog struct {
	house   *house
	changed map[string]map[Key]*phrase // what the administrator changed, by language
	own     map[string]Own             // what the administrator said about languages
	matcher matcher                    // of the languages that phones are offered
	all     matcher                    // of those besides that are switched off

	languages []string // that phones are offered, in order
	legal     []string // in which the terms are whole
	version   int64
	terms     Terms

	pseudo sync.Map // pseudonym → *phrase
}

// newCatalog lays what the administrator changed over the words of the house.
func newCatalog(h *house, changed map[string]map[Key]*phrase, own map[string]Own) (*Catalog, error) {
	c := &Catalog{house: h, changed: changed, own: own}
	known := slices.Clone(h.languages)
	for _, tag := range slices.Sorted(maps.Keys(own)) {
		if !slices.Contains(known, tag) {
			known = append(known, tag)
		}
	}
	for _, tag := range known {
		if o, ok := own[tag]; !ok || o.Enabled {
			c.languages = append(c.languages, tag)
		}
	}
	var err error
	if c.matcher, err = newMatcher(c.languages); err != nil {
		return nil, err
	}
	c.all, err = newMatcher(known)
	c.findLegal()
	return c, err
}

// Keys are all keys, in the order of the pages.
func (c *Catalog) Keys() []Key { return slices.Clone(c.house.keys) }

// Entry is what is known about a key beside its words.
func (c *Catalog) Entry(key Key) (Entry, bool) {
	e, ok := c.house.entries[key]
	return e, ok
}

// Has says whether there is such a key.
func (c *Catalog) Has(key Key) bool {
	_, ok := c.house.entries[key]
	return ok
}

// Version is the number of the published version that the catalogue shows; 0: nothing was published yet.
func (c *Catalog) Version() int64 { return c.version }

// Text is the text of a key in a language with the variables put in, as plain text: "" for one that is hidden or empty.
func (c *Catalog) Text(l Language, key Key, vars Vars) string {
	p, tag := c.find(l, key)
	if p == nil {
		return string(key) // visible, and caught by the tests of whoever asked
	}
	_, m := p.form(c.category(tag, key, vars))
	return m.fill(func(name string) string { return c.value(l, name, vars) })
}

// HTML is the text of a key in a language as HTML, with as much Markdown as the key allows. The values of the variables
// are text, whatever they look like.
func (c *Catalog) HTML(l Language, key Key, vars Vars) template.HTML {
	p, tag := c.find(l, key)
	if p == nil {
		return template.HTML(template.HTMLEscapeString(string(key))) //nolint:gosec // escaped
	}
	value := func(name string) string { return c.value(l, name, vars) }
	rtl := l.RTL()
	var b strings.Builder
	for _, part := range p.draw(c.category(tag, key, vars), value) {
		switch {
		case part.variable != "":
			b.WriteString(isolated(value(part.variable), rtl))
		case part.link != nil:
			if address := part.link.follow(value); address != "" {
				b.WriteString(` href="` + template.HTMLEscapeString(address) + `"`)
			}
		default:
			b.WriteString(part.html)
		}
	}
	return template.HTML(b.String()) //nolint:gosec // what was drawn is sanitized, values and addresses are escaped
}

// Count is a text about a number, in the plural form that the language has for it.
func (c *Catalog) Count(l Language, key Key, n int) string {
	name := "count"
	if e := c.house.entries[key]; len(e.Variables) > 0 {
		name = e.Variables[0]
	}
	return c.Text(l, key, Vars{name: strconv.Itoa(n)})
}

// category is the plural category that a text about a number needs; the number is the first variable of its key.
func (c *Catalog) category(tag string, key Key, vars Vars) string {
	e := c.house.entries[key]
	if !e.Plural || len(e.Variables) == 0 {
		return other
	}
	n, err := strconv.Atoi(vars[e.Variables[0]])
	if err != nil {
		return other
	}
	return category(tag, n)
}

// find looks for a text: in the language and its like (fr for fr-CA), in the organization's default language, in English;
// in each, what was published comes before what is built in. An empty text is none. The tag says where it was.
func (c *Catalog) find(l Language, key Key) (*phrase, string) {
	if l.tag == pseudoTag {
		return c.pseudonym(l, key), source
	}
	for _, tag := range [...]string{l.tag, l.fallback, source} {
		for _, t := range c.house.family(tag) {
			if p := c.at(t, key); p != nil && p.words != "" {
				return p, t
			}
		}
	}
	return c.at(source, key), source
}

// at is a text of exactly this language, or nil.
func (c *Catalog) at(tag string, key Key) *phrase {
	if p := c.changed[tag][key]; p != nil {
		return p
	}
	return c.house.words[tag][key]
}

// value is what a variable stands for: what the caller says, else the word that the language has for it.
func (c *Catalog) value(l Language, name string, vars Vars) string {
	if v := vars[name]; v != "" {
		return v
	}
	if key, ok := c.house.defaults[name]; ok {
		if p, _ := c.find(l, key); p != nil {
			_, m := p.form(other)
			return m.fill(func(string) string { return "" })
		}
	}
	return ""
}

// Name is what a language calls itself.
func (c *Catalog) Name(tag string) string {
	if p := c.at(tag, "language.name"); p != nil && p.words != "" {
		return p.words
	}
	return cmp.Or(ownName(tag), tag)
}

func ownName(tag string) string {
	return display.Self.Name(language.Make(tag))
}
