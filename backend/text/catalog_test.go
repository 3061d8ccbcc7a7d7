package text

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func catalog(t *testing.T) *Catalog {
	t.Helper()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// empty says whether a text has no words of its own in any language until an administrator writes them.
func empty(e Entry) bool { return e.Text == "" }

func TestCataloguesAreComplete(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	for key, e := range c.house.entries {
		if e.Purpose == "" || e.Max <= 0 {
			t.Errorf("en.json: %s lacks its purpose or limit", key)
		}
		if e.Markdown != "" && e.Markdown != inline && e.Markdown != full {
			t.Errorf("en.json: %s has the markdown %q", key, e.Markdown)
		}
		for _, v := range e.Variables {
			if slices.Contains(standard, v) {
				t.Errorf("en.json: %s names %s, which every text may use anyway", key, v)
			}
		}
		for _, tag := range c.languages {
			switch p := c.house.words[tag][key]; {
			case p == nil:
				t.Errorf("%s.json lacks %s", tag, key)
			case (p.words == "") != empty(e):
				t.Errorf("%s.json: %s must be empty exactly where English is", tag, key)
			}
		}
	}
}

// What an administrator could not publish may not be built in either: limits, variables, plural forms, links, letters.
// Nor is anything that the editor would call odd.
func TestCataloguesHaveNoProblems(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	for _, tag := range c.languages {
		for key, p := range c.house.words[tag] {
			for _, problem := range c.check(tag, key, p.words) {
				t.Errorf("%s.json: %s: %s at %d %v: %q", tag, key, problem.Code, problem.At, problem.Params, p.words)
			}
			if s := p.words; s != strings.TrimSpace(s) || strings.ContainsAny(s, "!！<") {
				t.Errorf("%s.json: %s has spaces at its ends, a shout or markup: %q", tag, key, s)
			}
		}
	}
}

// A translation that lost a variable or a block of its English source has lost a fact: a time, a reference.
func TestTranslationsKeepTheFacts(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	for _, tag := range c.languages {
		for key, e := range c.house.entries {
			used, english := c.house.words[tag][key].variables(), c.house.words[source][key].variables()
			for _, v := range e.Variables {
				if slices.Contains(english, v) && !slices.Contains(used, v) {
					t.Errorf("%s.json: %s does not say %s", tag, key, v)
				}
			}
		}
	}
}

// Two people edit a catalogue and each adds the same key: the decoder would silently keep the later one.
func TestKeysStandOnceAndInOrder(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(locales, "locales/*.json")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^  "([a-z0-9_.]+)":`)
	want := catalog(t).Keys()
	for _, name := range names {
		b, err := fs.ReadFile(locales, name)
		if err != nil {
			t.Fatal(err)
		}
		var got []Key
		for _, m := range line.FindAllSubmatch(b, -1) {
			got = append(got, Key(m[1]))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the keys are not those of en.json, each once and in its order", name)
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

func laid(t *testing.T, files fs.FS) *Catalog {
	t.Helper()
	h, err := read(files)
	if err != nil {
		t.Fatal(err)
	}
	c, err := newCatalog(h, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEachKeyFallsBackByItself(t *testing.T) {
	t.Parallel()
	c := laid(t, small(`{"a": "Ade {{ref}}"}`))
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
	for _, s := range []string{"", "A {{ref}}", "{{#ref}}{{/ref}}", "{{#a}}x{{b}}y{{/a}}z", "{{", "}}", "{{ # a }}{{/a}}", "{{#a}}x{{#b}}y{{/b}}"} {
		f.Add(s, "value")
	}
	f.Fuzz(func(t *testing.T, s, value string) {
		m, slips := parse(s)
		got := m.fill(func(string) string { return value })
		if len(m.variables()) == 0 && got != s {
			t.Errorf("a text without variables changed: %q became %q", s, got)
		}
		for _, x := range slips {
			if x.from < 0 || x.from > x.end || x.end > len(s) {
				t.Errorf("%q: %s stands at %d to %d", s, x.code, x.from, x.end)
			}
		}
	})
}

// Every code of a problem has its sentence, and no sentence is about nothing.
func TestProblemsHaveSentences(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	code := regexp.MustCompile(`(?:wrong|odd|note|refuse|fileProblem)\("([a-z_]*[a-z])"|Code: "([a-z_]+)"|slip\{"([a-z_]+)"|wrong\("([a-z_]+)"\)`)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range code.FindAllStringSubmatch(string(b), -1) {
			used[m[1]+m[2]+m[3]+m[4]] = true
		}
	}
	used["block_open"] = true    // kept until the text ends
	used["file_encoding"] = true // made of what package export says
	if got, want := slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(sentences)); !slices.Equal(got, want) {
		t.Errorf("codes in use %v\nwith a sentence %v", got, want)
	}
}
