package text

import (
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"
)

func catalog(t *testing.T) *Catalog {
	t.Helper()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCataloguesAreComplete(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	for key, e := range c.entries {
		if e.Purpose == "" || e.Text == "" || e.Max <= 0 {
			t.Errorf("en.json: %s lacks its purpose, text or limit", key)
		}
		for _, v := range e.Variables {
			if slices.Contains(standard, v) {
				t.Errorf("en.json: %s names %s, which every text may use anyway", key, v)
			}
		}
	}
	for _, tag := range c.languages {
		for key := range c.entries {
			if _, ok := c.words[tag][key]; !ok {
				t.Errorf("%s.json lacks %s", tag, key)
			}
		}
	}
}

func TestTextsKeepTheirLimit(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	for _, tag := range c.languages {
		words := map[Key]string{}
		if tag == source {
			for key, e := range c.entries {
				words[key] = e.Text
			}
		} else if err := decode(locales, tag, &words); err != nil {
			t.Fatal(err)
		}
		for key, s := range words {
			if n := utf8.RuneCountInString(s); n > c.entries[key].Max {
				t.Errorf("%s.json: %s has %d characters, limit %d", tag, key, n, c.entries[key].Max)
			}
			if s != strings.TrimSpace(s) || strings.Contains(s, "!") || strings.Contains(s, "<") {
				t.Errorf("%s.json: %s has spaces at its ends, a shout or markup: %q", tag, key, s)
			}
		}
	}
}

// A translation that lost a variable of its English source has lost a fact: a time, a reference.
func TestTranslationsKeepTheFacts(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	for _, tag := range c.languages {
		for key, e := range c.entries {
			used := c.words[tag][key].variables()
			for _, v := range e.Variables {
				if !slices.Contains(used, v) {
					t.Errorf("%s.json: %s does not say %s", tag, key, v)
				}
			}
		}
	}
}

// Two people edit a catalogue and each adds the same key: the decoder would silently keep the later one.
func TestKeysStandOnce(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"locales/en.json", "locales/de.json"} {
		b, err := fs.ReadFile(locales, name)
		if err != nil {
			t.Fatal(err)
		}
		var all map[string]any
		if err := json.Unmarshal(b, &all); err != nil {
			t.Fatal(err)
		}
		for key := range all {
			if n := strings.Count(string(b), `  "`+key+`":`); n != 1 {
				t.Errorf("%s: %s stands %d times", name, key, n)
			}
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	vars := StandardVars(Standard{OrgName: "Nordlicht GmbH", OrgShort: "Nordlicht", SupportPhone: "123", Ref: "K7-31Q"})
	for _, x := range []struct {
		language string
		key      Key
		want     string
	}{
		{"en", "signin.title", "Sign in to Nordlicht"},
		{"de", "signin.title", "Bei Nordlicht anmelden"},
		{"de", "f.organization", "Nordlicht GmbH"},
		{"en", "g.help_line", "Need help? IT Support, 123"},
		{"en", "g.help_hours", ""},
		{"de", "e.ref", "Referenz: K7-31Q"},
		{"de", "f.ca_description", "Damit erkennt Ihr Gerät den Server von Nordlicht."},
		{"en", "no.such_key", "no.such_key"},
	} {
		if got := c.Text(c.Match("en", x.language), x.key, vars); got != x.want {
			t.Errorf("%s in %s: got %q, want %q", x.key, x.language, got, x.want)
		}
	}
}

func TestValuesAreNotReadAgain(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	vars := StandardVars(Standard{OrgName: "{{ref}}{{#ref}}<b>", Ref: "secret"})
	if got, want := c.Text(c.Match("en"), "f.organization", vars), "{{ref}}{{#ref}}<b>"; got != want {
		t.Errorf("a name that looks like a variable: got %q, want %q", got, want)
	}
}

func TestShortNameFallsBackToTheName(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	vars := StandardVars(Standard{OrgName: "Nordlicht GmbH"})
	if got, want := c.Text(c.Match("en"), "signin.title", vars), "Sign in to Nordlicht GmbH"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

const english = `{"a": {"purpose": "p", "text": "A {{ref}}", "max": 9}, "b": {"purpose": "p", "text": "B", "max": 9, "variables": ["x"]}}`

func small(de string) fstest.MapFS {
	return fstest.MapFS{
		"locales/en.json": {Data: []byte(english)},
		"locales/de.json": {Data: []byte(de)},
		"locales/fr.json": {Data: []byte(`{"b": "Bfr"}`)},
	}
}

func TestEachKeyFallsBackByItself(t *testing.T) {
	t.Parallel()
	c, err := read(small(`{"a": "Ade {{ref}}"}`))
	if err != nil {
		t.Fatal(err)
	}
	l := c.Match("de", "fr") // a French reader in a German company
	got := map[Key]string{"a": c.Text(l, "a", Vars{"ref": "1"}), "b": c.Text(l, "b", nil)}
	if want := (map[Key]string{"a": "Ade 1", "b": "Bfr"}); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := c.Text(c.Match("de", "de"), "b", nil); got != "B" {
		t.Errorf("missing in the default language: got %q, want the English", got)
	}
}

func TestMistakesInACatalogueAreFound(t *testing.T) {
	t.Parallel()
	for name, de := range map[string]string{
		"unknown key":           `{"c": "C"}`,
		"unknown variable":      `{"a": "{{nobody}}"}`,
		"variable of another":   `{"a": "{{x}}"}`,
		"open block":            `{"a": "{{#ref}}A"}`,
		"end without beginning": `{"a": "A{{/ref}}"}`,
		"block inside a block":  `{"a": "{{#ref}}{{#ref}}A{{/ref}}{{/ref}}"}`,
		"half a variable":       `{"a": "A {{ref}"}`,
		"nameless":              `{"a": "A {{}}"}`,
		"no words":              `{"a": 7}`,
		"not JSON":              `{`,
	} {
		if _, err := read(small(de)); err == nil {
			t.Errorf("%s: the catalogue was accepted", name)
		}
	}
}

func FuzzMessage(f *testing.F) {
	for _, s := range []string{"", "A {{ref}}", "{{#ref}}{{/ref}}", "{{#a}}x{{b}}y{{/a}}z", "{{", "}}", "{{ # a }}{{/a}}"} {
		f.Add(s, "value")
	}
	f.Fuzz(func(t *testing.T, s, value string) {
		m, err := parse(s)
		if err != nil {
			return
		}
		got := m.fill(func(string) string { return value })
		if len(m.variables()) == 0 && got != s {
			t.Errorf("a text without variables changed: %q became %q", s, got)
		}
	})
}
