package directory

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"example.org/gatehouse/backend/settings"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		" Anna@Example.ORG ":       "anna@example.org",
		"ÅNGSTRÖM@example.org":     "ångström@example.org",
		"a\u030angstro\u0308m":     "ångström", // typed on a Mac: letter and mark apart
		"li@Größe.example":         "li@xn--gre-6ka8i.example",
		"anna@example.org.":        "anna@example.org",
		"o'brien@example.org":      "o'brien@example.org",
		"Smith, J. (Ext) *":        "smith, j. (ext) *",
		"李小龍@example.org":          "李小龍@example.org",
		`TESTBED\jana`:             `testbed\jana`,
		"two@signs@example.org":    "two@signs@example.org",
		"Zeynep.Isik@Example.ORG ": "zeynep.isik@example.org",
	} {
		if got, err := Fold(typed); got != want || err != nil {
			t.Errorf("%q: got %q, %v; want %q", typed, got, err, want)
		}
	}
	for _, hostile := range []string{
		"", "  ", "anna\x00@example.org", "anna\n@example.org", "<b>@example.org", "a\xff", "\u202eanna", "an\u200bna@example.org",
		strings.Repeat("a", 255), strings.Repeat("ä", 5000),
	} {
		if got, err := Fold(hostile); !errors.Is(err, ErrIdentifier) {
			t.Errorf("%.20q: got %q, %v; want ErrIdentifier", hostile, got, err)
		}
	}
}

func TestManagedAccountFor(t *testing.T) {
	t.Parallel()
	rule := func(name, domain string) settings.Settings {
		return settings.Settings{ManagedAccount: settings.ManagedAccount{Rule: name, Domain: domain, Attribute: "mail"}}
	}
	for _, x := range []struct {
		name     string
		settings settings.Settings
		person   Person
		want     string // empty: an error
	}{
		{"the same", rule(settings.RuleSame, ""), Person{Identifier: "anna@example.org"}, "anna@example.org"},
		{"another domain", rule(settings.RuleDomain, "apple.example.org"), Person{Identifier: "anna@example.org"}, "anna@apple.example.org"},
		{"another domain for a short name", rule(settings.RuleDomain, "example.org"), Person{Identifier: "anna"}, "anna@example.org"},
		{"from the directory", rule(settings.RuleAttribute, ""), Person{Identifier: "anna@example.org", ManagedAccount: "ab@apple.example.org"}, "ab@apple.example.org"},
		{"set for the person", rule(settings.RuleDomain, "apple.example.org"), Person{Identifier: "anna@example.org", ManagedAccount: "x@y.example"}, "x@y.example"},
		{"the directory has none", rule(settings.RuleAttribute, ""), Person{Identifier: "anna@example.org"}, ""},
		{"the directory has something else", rule(settings.RuleAttribute, ""), Person{Identifier: "anna@example.org", ManagedAccount: "anna"}, ""},
		{"a short name, the same", rule(settings.RuleSame, ""), Person{Identifier: "anna"}, ""},
		{"no name", rule(settings.RuleDomain, "example.org"), Person{Identifier: "@example.org"}, ""},
		{"no domain", rule(settings.RuleDomain, ""), Person{Identifier: "anna@example.org"}, ""},
	} {
		got, err := ManagedAccountFor(x.settings, x.person)
		if got != x.want || (x.want == "") != errors.Is(err, ErrNoManagedAccount) {
			t.Errorf("%s: got %q, %v; want %q", x.name, got, err, x.want)
		}
	}
}

// FuzzFold holds the identifier to its form, and the LDAP filter made of it to its shape: nothing that is typed may
// change what is asked.
func FuzzFold(f *testing.F) {
	for _, s := range []string{
		"anna@example.org", "*)(uid=*))(|(uid=*", "a@b@c", "ǅ@Ǆ.example", "İ@x.example", "@", "a@b..", "smith, j. (ext) *", "\\2a", "ß@ß.de", "a@ b.c",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		who, err := Fold(typed)
		if err != nil {
			return
		}
		if again, err := Fold(who); err == nil && again != who {
			t.Errorf("%q folds to %q, that to %q", typed, who, again)
		}
		for _, filter := range []string{byIdentifier, byName} {
			packet, err := ldap.CompileFilter(fillFilter(filter, who))
			if err != nil {
				t.Fatalf("%q breaks the filter: %v", who, err)
			}
			plain, err := ldap.CompileFilter(fillFilter(filter, "x"))
			if err != nil {
				t.Fatal(err)
			}
			if len(packet.Children) != len(plain.Children) {
				t.Fatalf("%q changes what the filter asks", who)
			}
			for i, c := range packet.Children {
				if c.Tag != plain.Children[i].Tag { // a test for equality must not become one for presence or likeness
					t.Errorf("%q turns part %d of the filter into another question", who, i)
				}
			}
		}
	})
}
