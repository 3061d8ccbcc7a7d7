package text

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed locales/*.json
var locales embed.FS

// source is the language that each key has words in, and the last to fall back to.
const source = "en"

// Entry is what English says about a text beside its words.
type Entry struct {
	Purpose   string
	Text      string // the English words; a plural is a line for each of its forms
	Plural    bool
	Max       int      // characters, in any language and of each form
	Variables []string // beside those that every text may use
	Markdown  string   // "", "inline" or "full"
	MayHide   bool
}

// UnmarshalJSON reads an entry of en.json. Its text is that of a message file of go-i18n: a string, or the forms of a plural.
func (e *Entry) UnmarshalJSON(b []byte) error {
	var in struct {
		Purpose   string   `json:"purpose"`
		Text      any      `json:"text"`
		Max       int      `json:"max"`
		Variables []string `json:"variables"`
		Markdown  string   `json:"markdown"`
		MayHide   bool     `json:"may_hide"`
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return err
	}
	m, err := i18n.NewMessage(in.Text)
	if err != nil {
		return err
	}
	_, plain := in.Text.(string)
	*e = Entry{in.Purpose, written(m, !plain), !plain, in.Max, in.Variables, in.Markdown, in.MayHide}
	return nil
}

// house is the words that are built in. It never changes.
type house struct {
	keys      []Key // in the order of en.json
	order     map[Key]int
	entries   map[Key]Entry
	words     map[string]map[Key]*phrase // by language
	languages []string                   // English first, then by tag
	defaults  map[string]Key             // variable → the key of the word for it
	families  sync.Map                   // tag → []string
}

// builtIn is read once: it is the same for every database.
var builtIn = sync.OnceValues(func() (*house, error) { return read(locales) })

// New is the catalogue of the built-in words alone.
func New() (*Catalog, error) {
	h, err := builtIn()
	if err != nil {
		return nil, err
	}
	return newCatalog(h, nil, nil)
}

// read reads the built-in catalogues and checks that they fit one another.
func read(files fs.FS) (*house, error) {
	h := &house{order: map[Key]int{}, entries: map[Key]Entry{}, words: map[string]map[Key]*phrase{}, languages: []string{source}, defaults: map[string]Key{}}
	english, err := h.readEnglish(files)
	if err != nil {
		return nil, fmt.Errorf("read catalogue %s: %w", source, err)
	}
	if err := h.add(source, english); err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "locales/*.json")
	if err != nil {
		return nil, fmt.Errorf("list catalogues: %w", err)
	}
	for _, name := range names { // by name, so by tag
		tag := strings.TrimSuffix(path.Base(name), ".json")
		if tag == source {
			continue
		}
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read catalogue %s: %w", tag, err)
		}
		file, err := i18n.ParseMessageFileBytes(b, name, nil)
		if err != nil {
			return nil, fmt.Errorf("read catalogue %s: %w", tag, err)
		}
		if err := h.add(tag, file.Messages); err != nil {
			return nil, err
		}
		h.languages = append(h.languages, tag)
	}
	return h, nil
}

// readEnglish reads en.json, whose order is that of the pages.
func (h *house) readEnglish(files fs.FS) ([]*i18n.Message, error) {
	b, err := fs.ReadFile(files, path.Join("locales", source+".json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &h.entries); err != nil {
		return nil, err
	}
	var messages []*i18n.Message
	d := json.NewDecoder(bytes.NewReader(b))
	for depth := 0; ; {
		t, err := d.Token()
		if err != nil {
			return messages, nil //nolint:nilerr // it was read before: this is its end
		}
		switch v := t.(type) {
		case json.Delim:
			depth += map[json.Delim]int{'{': 1, '[': 1, '}': -1, ']': -1}[v]
		case string:
			if depth != 1 {
				continue
			}
			key := Key(v)
			h.order[key] = len(h.keys)
			h.keys = append(h.keys, key)
			messages = append(messages, &i18n.Message{ID: v, Other: h.entries[key].Text})
			if name, ok := strings.CutPrefix(v, "default."); ok {
				h.defaults[name] = key
			}
		}
	}
}

// add parses the words of a language. A key or a variable that English does not have is a mistake in the catalogue.
func (h *house) add(tag string, messages []*i18n.Message) error {
	phrases := make(map[Key]*phrase, len(messages))
	for _, m := range messages {
		key := Key(m.ID)
		e, ok := h.entries[key]
		if !ok {
			return fmt.Errorf("catalogue %s: unknown key %s", tag, key)
		}
		words := m.Other
		if tag != source {
			words = written(m, e.Plural)
		}
		p, slips := newPhrase(e, words)
		if len(slips) > 0 {
			return fmt.Errorf("catalogue %s: %s: %s", tag, key, slips[0].code)
		}
		for _, name := range p.variables() {
			if !slices.Contains(standard, name) && !slices.Contains(e.Variables, name) {
				return fmt.Errorf("catalogue %s: %s: unknown variable %s", tag, key, name)
			}
		}
		phrases[key] = p
	}
	h.words[tag] = phrases
	return nil
}

// family is a language and those that serve its readers as well: fr-CA, fr.
func (h *house) family(tag string) []string {
	if f, ok := h.families.Load(tag); ok {
		return f.([]string)
	}
	list := []string{tag}
	for t := language.Make(tag).Parent(); !t.IsRoot(); t = t.Parent() {
		list = append(list, t.String())
	}
	h.families.Store(tag, list)
	return list
}
