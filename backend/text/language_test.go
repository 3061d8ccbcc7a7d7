package text

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	for _, x := range []struct {
		name        string
		fallback    string
		preferences []string
		want        string
	}{
		{"the phone's language", "en", []string{"", "de"}, "de"},
		{"its region is dropped", "en", []string{"de-CH"}, "de"},
		{"as some systems write it", "en", []string{"de_AT"}, "de"},
		{"the person's choice goes first", "en", []string{"en", "de", "de-DE"}, "en"},
		{"the phone goes before the browser", "en", []string{"", "de", "en-US,en;q=0.9"}, "de"},
		{"a browser's list", "en", []string{"", "", "hu-HU, de;q=0.8, en;q=0.5"}, "de"},
		{"a language it refuses", "en", []string{"de;q=0, en"}, "en"},
		{"nobody speaks it: the default, not English", "de", []string{"", "hu", "el"}, "de"},
		{"nothing known", "de", nil, "de"},
		{"a default nobody speaks", "tlh", nil, "en"},
		{"no language at all", "de", []string{"\x00<script>", "…", "*"}, "de"},
		{"much too long", "de", []string{strings.Repeat("en,", 5000)}, "de"},
	} {
		if got := c.Match(x.fallback, x.preferences...).Tag(); got != x.want {
			t.Errorf("%s: got %q, want %q", x.name, got, x.want)
		}
	}
}

func TestScripts(t *testing.T) {
	t.Parallel()
	m, err := newMatcher([]string{"en", "zh-Hans", "zh-Hant", "pt", "pt-PT", "no", "fr"})
	if err != nil {
		t.Fatal(err)
	}
	for wanted, want := range map[string]string{
		"zh-Hant-HK": "zh-Hant", "zh-TW": "zh-Hant", "zh-CN": "zh-Hans", "pt-BR": "pt", "pt-PT": "pt-PT",
		"nb": "no", "fr-CA": "fr", "zh-HK": "zh-Hant",
	} {
		if got := m.match(wanted); got != want {
			t.Errorf("%s: got %q, want %q", wanted, got, want)
		}
	}
}

func TestRTL(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]bool{"ar": true, "he": true, "fa-AF": true, "de": false, "en": false, "az-Arab": true, "": false} {
		if got := newLanguage(tag, "").RTL(); got != want {
			t.Errorf("%q right to left: got %v, want %v", tag, got, want)
		}
	}
}

func FuzzMatch(f *testing.F) {
	for _, s := range []string{"de", "en-US,en;q=0.9", "zh-Hant-HK", "*", "x-klingon", "de;q=x", "a-a-a-a-a", "\x00"} {
		f.Add(s)
	}
	c, err := New()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if l := c.Match("de", s); c.house.words[l.Tag()] == nil {
			t.Errorf("%q chose %q, which has no catalogue", s, l.Tag())
		}
	})
}
