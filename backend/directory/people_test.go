package directory

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
)

func TestPeople(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		now := h.clock.Now()
		if code := h.add(NewPerson{Identifier: "Zoe@example.org", Name: " Zoë ", Password: "x", ManagedAccount: "Z@Apple.example.org"}); code != "" {
			t.Error("somebody with a password got a code")
		}
		h.add(NewPerson{Identifier: "anna@example.org"})
		if err := h.SetManagedAccount(t.Context(), "jana@example.org", "j@apple.example.org"); err != nil { // of the LDAP directory
			t.Fatal(err)
		}
		want := []Account{
			{Identifier: "anna@example.org", Source: FromLocal, CodeUntil: now.Add(CodeLife), CreatedAt: now},
			{Identifier: "jana@example.org", Source: FromLDAP, ManagedAccount: "j@apple.example.org", CreatedAt: now},
			{Identifier: "zoe@example.org", Name: "Zoë", Source: FromLocal, ManagedAccount: "z@apple.example.org", HasPassword: true, CreatedAt: now},
		}
		got, err := h.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("list (-want +got):\n%s", d)
		}
		if p, err := h.Prove(t.Context(), Proof{Identifier: "zoe@example.org", Password: "x"}); err != nil || p.ManagedAccount != "z@apple.example.org" {
			t.Errorf("the account that was set: got %+v, %v", p, err)
		}

		if _, err := h.Add(t.Context(), NewPerson{Identifier: "ANNA@example.org", Password: "y"}); !errors.Is(err, ErrExists) {
			t.Errorf("add twice: got %v, want ErrExists", err)
		}
		if _, err := h.Add(t.Context(), NewPerson{Identifier: "ben@example.org", ManagedAccount: "ben"}); !errors.Is(err, ErrAddress) {
			t.Errorf("an account without a domain: got %v, want ErrAddress", err)
		}
		if _, err := h.Add(t.Context(), NewPerson{Identifier: "ben"}); !errors.Is(err, ErrNoManagedAccount) {
			t.Errorf("a short name, and nothing that makes an account of it: got %v, want ErrNoManagedAccount", err)
		}
		if _, err := h.Add(t.Context(), NewPerson{Identifier: "ben@example.org", Password: strings.Repeat("x", 257)}); !errors.Is(err, ErrPassword) {
			t.Errorf("a password without end: got %v, want ErrPassword", err)
		}

		for _, who := range []string{"anna@example.org", "jana@example.org"} {
			if err := h.Remove(t.Context(), who); err != nil {
				t.Errorf("remove %s: %v", who, err)
			}
			if err := h.Remove(t.Context(), who); !errors.Is(err, ErrUnknown) {
				t.Errorf("remove %s again: got %v, want ErrUnknown", who, err)
			}
		}
		if n := h.count(`SELECT (SELECT COUNT(*) FROM codes) + (SELECT COUNT(*) FROM local_accounts) + (SELECT COUNT(*) FROM managed_accounts)`); n != 2 {
			t.Errorf("%d rows are left, want the two of zoe", n)
		}
		if h.happened(Added, "anna@example.org") != 1 || h.happened(Removed, "anna@example.org") != 1 {
			t.Error("the events of a person who came and went are not one each")
		}
	})
}

func TestSetPassword(t *testing.T) {
	t.Parallel()
	h := one(t)
	code := h.add(NewPerson{Identifier: "anna@example.org"})
	if err := h.SetPassword(t.Context(), "anna@example.org", "new"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Prove(t.Context(), Proof{Identifier: "anna@example.org", Password: "new"}); err != nil {
		t.Errorf("the new password: %v", err)
	}
	if _, err := h.Prove(t.Context(), Proof{Identifier: "anna@example.org", Code: code.Reveal()}); !errors.Is(err, ErrCodeUnknown) {
		t.Errorf("the code from before: got %v, want ErrCodeUnknown", err)
	}
	if err := h.SetPassword(t.Context(), "nobody@example.org", "new"); !errors.Is(err, ErrUnknown) {
		t.Errorf("nobody: got %v, want ErrUnknown", err)
	}
	if err := h.SetManagedAccount(t.Context(), "anna@example.org", ""); err != nil {
		t.Errorf("back to the rule: %v", err)
	}
}

func TestCodeIsSpentOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		code := h.add(NewPerson{Identifier: "anna@example.org", Name: "Anna"})
		h.add(NewPerson{Identifier: "ben@example.org"})
		prove := func(who, code, attempt string) error {
			p, err := h.Prove(t.Context(), Proof{Identifier: who, Code: code, Attempt: attempt, Address: here})
			if err == nil && (p.Identifier != "anna@example.org" || p.Source != FromCode || p.Name != "Anna") {
				t.Errorf("the code proves %+v", p)
			}
			return err
		}
		if err := prove("ben@example.org", code.Reveal(), "a1"); !errors.Is(err, ErrCodeUnknown) {
			t.Errorf("another person's code: got %v, want ErrCodeUnknown", err)
		}
		misread := strings.NewReplacer("0", "O", "1", "l", "-", " ").Replace(strings.ToLower(code.Reveal()))
		if err := prove("anna@example.org", misread, "a1"); err != nil {
			t.Errorf("first use, as read from paper: %v", err)
		}
		if err := prove("anna@example.org", code.Reveal(), "a1"); err != nil {
			t.Errorf("the same attempt again: %v", err)
		}
		for _, attempt := range []string{"a2", ""} {
			if err := prove("anna@example.org", code.Reveal(), attempt); !errors.Is(err, ErrCodeUsed) {
				t.Errorf("attempt %q: got %v, want ErrCodeUsed", attempt, err)
			}
		}
		if n := h.happened(CodeUsed, "anna@example.org"); n != 1 {
			t.Errorf("got %d events of the use, want 1", n)
		}
	})
}

func TestCodeRunsOut(t *testing.T) {
	t.Parallel()
	h := one(t)
	code := h.add(NewPerson{Identifier: "anna@example.org"})
	if w, err := h.Ways(t.Context()); !w.Code || err != nil {
		t.Errorf("somebody has a code: got %v, %v", w, err)
	}
	h.clock.Add(14*24*time.Hour + time.Millisecond)
	if _, err := h.Prove(t.Context(), Proof{Identifier: "anna@example.org", Code: code.Reveal(), Attempt: "a1"}); !errors.Is(err, ErrCodeUsed) {
		t.Errorf("after fifteen days: got %v, want ErrCodeUsed", err)
	}
	if w, err := h.Ways(t.Context()); w.Code || err != nil {
		t.Errorf("nobody has a code: got %v, %v", w, err)
	}
	fresh, err := h.NewCode(t.Context(), "anna@example.org")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Prove(t.Context(), Proof{Identifier: "anna@example.org", Password: fresh.Reveal(), Attempt: "a1"}); err != nil {
		t.Errorf("a code where the page asks for a password: %v", err)
	}
	if _, err := h.NewCode(t.Context(), "nobody@example.org"); !errors.Is(err, ErrUnknown) {
		t.Errorf("a code for nobody: got %v, want ErrUnknown", err)
	}
}

func TestNewCodeReplacesTheOldOne(t *testing.T) {
	t.Parallel()
	h := one(t)
	old := h.add(NewPerson{Identifier: "anna@example.org"})
	if _, err := h.NewCode(t.Context(), "anna@example.org"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Prove(t.Context(), Proof{Identifier: "anna@example.org", Code: old.Reveal()}); !errors.Is(err, ErrCodeUnknown) {
		t.Errorf("the code that was lost: got %v, want ErrCodeUnknown", err)
	}
}

func TestCodesAreNotStored(t *testing.T) {
	t.Parallel()
	h := one(t)
	code := h.add(NewPerson{Identifier: "anna@example.org"})
	err := h.db.View(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Rows(`SELECT digest, identifier, attempt FROM codes`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var digest []byte
			var who, attempt string
			if err := rows.Scan(&digest, &who, &attempt); err != nil {
				return err
			}
			if len(digest) != 32 || strings.Contains(string(digest)+who+attempt, string(code)) {
				t.Errorf("the row of a code gives it away: %x", digest)
			}
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}
