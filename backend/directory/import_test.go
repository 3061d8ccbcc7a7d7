package directory

import (
	"errors"
	"fmt"
	"testing"
)

func TestImportIsAllOrNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.add(NewPerson{Identifier: "anna@example.org", Name: "Anna"})
		good := []Listed{
			{2, NewPerson{Identifier: "Ben@Example.org", Name: " Ben "}},
			{3, NewPerson{Identifier: "cleo@example.org", Password: "battery staple", ManagedAccount: "cleo@apple.example.org"}},
			{5, NewPerson{Identifier: "anna@example.org", Name: "Somebody else"}},
		}
		bad := append(append([]Listed{}, good...),
			Listed{6, NewPerson{Identifier: "ben@example.org"}},
			Listed{7, NewPerson{}},
			Listed{8, NewPerson{Identifier: "dora@example.org", ManagedAccount: "dora"}},
			Listed{9, NewPerson{Identifier: "emil@example.org", Password: "\x00"}},
			Listed{10, NewPerson{Identifier: "frida"}},
		)
		out, err := h.Import(t.Context(), bad, false)
		if err != nil {
			t.Fatal(err)
		}
		want := []struct {
			line  int
			field string
			err   error
		}{
			{6, "identifier", ErrTwice},
			{7, "identifier", ErrIdentifier},
			{8, "managed_account", ErrAddress},
			{9, "password", ErrPassword},
			{10, "managed_account", ErrNoManagedAccount},
		}
		if len(out.Wrong) != len(want) {
			t.Fatalf("wrong: got %+v, want %+v", out.Wrong, want)
		}
		for i, w := range want {
			if got := out.Wrong[i]; got.Line != w.line || got.Field != w.field || !errors.Is(got.Err, w.err) {
				t.Errorf("line %d: got %+v, want %+v", w.line, got, w)
			}
		}
		people := func() int {
			list, err := h.List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		if people() != 1 {
			t.Errorf("after a bad list: %d people, want the one of before", people())
		}
		trial, err := h.Import(t.Context(), good, true)
		if err != nil || len(trial.Added) != 2 || trial.There != 1 || people() != 1 {
			t.Errorf("trial: got %+v, %v, and %d people; want 2 to come, 1 there, nothing changed", trial, err, people())
		}
		out, err = h.Import(t.Context(), good, false)
		if err != nil || len(out.Added) != 2 || out.There != 1 || people() != 3 {
			t.Fatalf("import: got %+v, %v, and %d people", out, err, people())
		}
		if out.Added[0].Code == "" || out.Added[1].Code != "" {
			t.Errorf("codes: got %d and %d letters; want one for Ben alone", len(out.Added[0].Code), len(out.Added[1].Code))
		}
		if p, err := h.Prove(t.Context(), Proof{Identifier: "cleo@example.org", Password: "battery staple"}); err != nil || p.ManagedAccount != "cleo@apple.example.org" {
			t.Errorf("Cleo signs in: got %+v, %v", p, err)
		}
		if p, err := h.Prove(t.Context(), Proof{Identifier: "ben@example.org", Password: out.Added[0].Code.Reveal(), Attempt: "a1"}); err != nil || p.Name != "Ben" {
			t.Errorf("Ben signs in: got %+v, %v", p, err)
		}
		if out, err = h.Import(t.Context(), good, false); err != nil || len(out.Added) != 0 || out.There != 3 {
			t.Errorf("the same list again: got %+v, %v; want all there", out, err)
		}
	})
}

// A password costs a hash that is slow on purpose, so a list may bring a few.
func TestImportBoundsPasswords(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		var many []Listed
		for i := range maxPasswords + 2 {
			many = append(many, Listed{i + 2, NewPerson{Identifier: fmt.Sprintf("p%d@example.org", i), Password: "x"}})
		}
		out, err := h.Import(t.Context(), many, false)
		if err != nil || len(out.Wrong) != 2 || !errors.Is(out.Wrong[0].Err, ErrPasswords) {
			t.Errorf("got %+v, %v; want two too many", out.Wrong, err)
		}
	})
}
