package text

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

//go:embed locales/*.json
var locales embed.FS

// source is the language that each key has words in, and the last to fall back to.
const source = "en"

// Key names a text: "signin.title".
type Key string

// Entry is what English says about a text beside its words.
type Entry struct {
	Purpose   string   `json:"purpose"`
	Text      string   `json:"text"`
	Max       int      `json:"max"`       // characters, in any language
	Variables []string `json:"variables"` // beside those that every text may use
}

// Catalog is all words in all languages. It never changes.
type Catalog struct {
	entries   map[Key]Entry
	words     map[string]map[Key]message // by language
	languages []string                   // English first, then by tag
	matcher   matcher
}

// New reads the built-in catalogues and checks that they fit one another.
func New() (*Catalog, error) {
	return read(locales)
}

func read(files fs.FS) (*Catalog, error) {
	c := &Catalog{words: map[string]map[Key]message{}}
	if err := decode(files, source, &c.entries); err != nil {
		return nil, err
	}
	english := make(map[Key]string, len(c.entries))
	for key, e := range c.entries {
		english[key] = e.Text
	}
	if err := c.add(source, english); err != nil {
		return nil, err
	}

	names, err := fs.Glob(files, "locales/*.json")
	if err != nil {
		return nil, fmt.Errorf("list catalogues: %w", err)
	}
	for _, name := range names {
		tag := strings.TrimSuffix(path.Base(name), ".json")
		if tag == source {
			continue
		}
		var words map[Key]string
		if err := decode(files, tag, &words); err != nil {
			return nil, err
		}
		if err := c.add(tag, words); err != nil {
			return nil, err
		}
	}
	others := slices.Sorted(maps.Keys(c.words))
	c.languages = append([]string{source}, slices.DeleteFunc(others, func(t string) bool { return t == source })...)
	c.matcher, err = newMatcher(c.languages)
	return c, err
}

func decode(files fs.FS, tag string, into any) error {
	b, err := fs.ReadFile(files, path.Join("locales", tag+".json"))
	if err != nil {
		return fmt.Errorf("read catalogue %s: %w", tag, err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("read catalogue %s: %w", tag, err)
	}
	return nil
}

// add parses the words of a language. A key or a variable that English does not have is a mistake in the catalogue.
func (c *Catalog) add(tag string, words map[Key]string) error {
	messages := make(map[Key]message, len(words))
	for key, s := range words {
		e, ok := c.entries[key]
		if !ok {
			return fmt.Errorf("catalogue %s: unknown key %s", tag, key)
		}
		m, err := parse(s)
		if err != nil {
			return fmt.Errorf("catalogue %s: %s: %w", tag, key, err)
		}
		for _, name := range m.variables() {
			if !slices.Contains(standard, name) && !slices.Contains(e.Variables, name) {
				return fmt.Errorf("catalogue %s: %s: unknown variable %s", tag, key, name)
			}
		}
		messages[key] = m
	}
	c.words[tag] = messages
	return nil
}

// Text is the text of a key in a language, with the variables put in. An empty key of the catalogue comes back as "".
func (c *Catalog) Text(l Language, key Key, vars Vars) string {
	m, ok := c.find(l, key)
	if !ok {
		return string(key) // visible, and caught by the tests of whoever asked
	}
	return m.fill(func(name string) string { return c.value(l, name, vars) })
}

// Has says whether there is such a key.
func (c *Catalog) Has(key Key) bool {
	_, ok := c.entries[key]
	return ok
}

func (c *Catalog) find(l Language, key Key) (message, bool) {
	for _, tag := range []string{l.tag, l.fallback, source} {
		if m, ok := c.words[tag][key]; ok {
			return m, true
		}
	}
	return nil, false
}

// value is what a variable stands for: what the caller says, else the word that the language has for it.
func (c *Catalog) value(l Language, name string, vars Vars) string {
	if v := vars[name]; v != "" {
		return v
	}
	if m, ok := c.find(l, Key("default."+name)); ok {
		return m.fill(func(string) string { return "" })
	}
	return ""
}
