package pki

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
)

func TestCreateOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		silent := slog.New(slog.DiscardHandler)
		if _, err := Open(t.Context(), d, event.New(d), silent); !errors.Is(err, ErrNotCreated) {
			t.Fatalf("before creation: got %v, want ErrNotCreated", err)
		}
		if err := Create(t.Context(), d, strings.Repeat("Ü", 200)); err != nil {
			t.Fatalf("create: %v", err)
		}
		first, err := Open(t.Context(), d, event.New(d), silent)
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		if err := Create(t.Context(), d, "Another"); !errors.Is(err, ErrExists) {
			t.Errorf("create again: got %v, want ErrExists", err)
		}
		second, err := Open(t.Context(), d, event.New(d), silent)
		if err != nil || !second.Anchor().Equal(first.Anchor()) || !second.device.certificate.Equal(first.device.certificate) {
			t.Errorf("the authorities changed: %v", err)
		}
		if n := len([]rune(first.Anchor().Subject.CommonName)); n > 64 {
			t.Errorf("the root's name has %d letters", n)
		}
		if first.device.certificate.Equal(first.registration.certificate) || first.Anchor().Equal(first.device.certificate) {
			t.Error("two authorities share a certificate")
		}
	})
}

// The database alone does not give the keys away, and a key does not open in another's place.
func TestKeysAreSealed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, _ *dbtest.Clock) {
		keys := map[string][]byte{}
		err := a.db.View(t.Context(), func(tx *db.Tx) error {
			rows, err := tx.Rows(`SELECT name, key FROM authorities`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var name string
				var key []byte
				if err := rows.Scan(&name, &key); err != nil {
					return err
				}
				keys[name] = key
			}
			return rows.Err()
		})
		if err != nil || len(keys) != 4 {
			t.Fatalf("%d keys, %v; want four", len(keys), err)
		}
		for name, c := range made() {
			plain, err := a.db.Unseal(authorityKey(name), keys[name])
			if err != nil {
				t.Fatalf("unseal %s: %v", name, err)
			}
			if bytes.Contains(keys[name], plain[len(plain)-32:]) {
				t.Errorf("the key of %s is stored in the open", name)
			}
			if loaded, err := parseCredential(c.certificate.Raw, plain); err != nil || !bytes.Equal(must(keyDigest(loaded.key.Public())), must(keyDigest(c.key.Public()))) {
				t.Errorf("the key of %s is not the one that was made: %v", name, err)
			}
		}
		inTx(t, a, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE authorities SET key = $1 WHERE name = 'tls'`, keys["device"])
			return err
		})
		if _, err := Open(t.Context(), a.db, a.events, a.log); !errors.Is(err, db.ErrSealed) {
			t.Errorf("with a key that was moved: got %v, want ErrSealed", err)
		}
	})
}

func TestSignedProfileVerifies(t *testing.T) {
	t.Parallel()
	a := open(t, dbtest.Open(t))
	content := []byte(machineInfo)
	signed, err := a.Sign(content)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "profile", signed)
	write(t, dir, "root.pem", a.AnchorPEM())
	openssl(t, dir, "cms", "-verify", "-inform", "DER", "-in", "profile", "-CAfile", "root.pem", "-purpose", "any", "-out", "content")
	if got := read(t, dir, "content"); !bytes.Equal(got, content) {
		t.Errorf("openssl took %q out of the signature", got)
	}
	openssl(t, dir, "smime", "-verify", "-inform", "DER", "-in", "profile", "-CAfile", "root.pem", "-out", "content")
	m, err := parseSigned(signed)
	if err != nil || m.verify(m.content) != nil || !m.signer.Equal(a.signer.certificate) {
		t.Errorf("our own reading of it: %v", err)
	}
}

func TestBind(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, _ *dbtest.Clock) {
		anna := newPhone(t, a, Subject{Attempt: "a1", Person: "anna@example.org"}, 0)
		again := newPhone(t, a, Subject{Attempt: "a2", Person: "anna@example.org"}, 1)
		ben := newPhone(t, a, Subject{Attempt: "b1", Person: "ben@example.org"}, 2)
		for _, step := range []struct {
			name       string
			phone      phone
			enrollment string
			want       error
		}{
			{"for the first time", anna, "E1", nil},
			{"once more", anna, "E1", nil},
			{"to another enrollment", anna, "E2", ErrIdentityTaken},
			{"to another person's enrollment", ben, "E1", ErrIdentityTaken},
			{"the same person's second identity", again, "E1", nil},
			{"to an enrollment of one's own", ben, "E3", nil},
		} {
			err := a.db.Update(t.Context(), func(tx *db.Tx) error { return a.Bind(tx, fingerprint(step.phone.certificate), step.enrollment) })
			if !errors.Is(err, step.want) || (err == nil) != (step.want == nil) {
				t.Errorf("%s: got %v, want %v", step.name, err, step.want)
			}
		}
		if i, err := identity(t, a, anna.certificate); err != nil || i.Enrollment != "E1" {
			t.Errorf("anna's identity is %+v, %v", i, err)
		}
		inTx(t, a, func(tx *db.Tx) error { return a.Revoke(tx, "E1") })
		for name, p := range map[string]phone{"first": anna, "second": again} {
			if i, err := identity(t, a, p.certificate); err != nil || i.RevokedAt.IsZero() || i.Usable(a.db.Now()) {
				t.Errorf("the %s identity after revocation is %+v, %v", name, i, err)
			}
		}
		if i, err := identity(t, a, ben.certificate); err != nil || !i.Usable(a.db.Now()) {
			t.Errorf("ben's identity after anna's revocation is %+v, %v", i, err)
		}
		err := a.db.Update(t.Context(), func(tx *db.Tx) error { return a.Bind(tx, fingerprint(anna.certificate), "E1") })
		if !errors.Is(err, ErrRevokedIdentity) {
			t.Errorf("a revoked identity: got %v, want ErrRevokedIdentity", err)
		}
		err = a.db.Update(t.Context(), func(tx *db.Tx) error { return a.Bind(tx, "00", "E9") })
		if !errors.Is(err, ErrUnknownIdentity) {
			t.Errorf("an unknown identity: got %v, want ErrUnknownIdentity", err)
		}
	})
}

func TestEraseLeavesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, _ *dbtest.Clock) {
		rehearsal, kept := Subject{Attempt: "rehearsal", Person: "x"}, Subject{Attempt: "a1", Person: "anna@example.org"}
		newPhone(t, a, rehearsal, 0)
		newPhone(t, a, kept, 1)
		inTx(t, a, func(tx *db.Tx) error { return a.Erase(tx, "rehearsal") })
		for _, table := range []string{"identities", "challenges"} {
			if n := count(t, a, `SELECT COUNT(*) FROM `+table+` WHERE attempt = $1`, "rehearsal"); n != 0 {
				t.Errorf("%s: %d rows of the rehearsal are left", table, n)
			}
			if n := count(t, a, `SELECT COUNT(*) FROM `+table+` WHERE attempt = $1`, "a1"); n != 1 {
				t.Errorf("%s: %d rows of a real phone, want one", table, n)
			}
		}
	})
}

// A phone that fetches its profile twice goes on with the second.
func TestNewestChallengeCounts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, _ *dbtest.Clock) {
		older, newer := newChallenge(t, a, anna), newChallenge(t, a, anna)
		other := newChallenge(t, a, Subject{Attempt: "a2", Person: anna.Person})
		for name, c := range map[string]struct {
			challenge Challenge
			want      error
		}{"the older": {older, ErrChallengeUsed}, "the newer": {newer, nil}, "another attempt's": {other, nil}} {
			err := a.db.Update(t.Context(), func(tx *db.Tx) error {
				_, err := spend(tx, c.challenge)
				return err
			})
			if !errors.Is(err, c.want) {
				t.Errorf("%s challenge: got %v, want %v", name, err, c.want)
			}
		}
	})
}

func TestChallengesHide(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := Challenge("SECRET")
	slog.New(slog.NewTextHandler(&out, nil)).Info("a challenge", "challenge", c)
	fmt.Fprint(&out, c)
	fmt.Fprintf(&out, "%v %s", c, c)
	if strings.Contains(out.String(), "SECRET") {
		t.Errorf("the challenge shows: %s", &out)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, clock *dbtest.Clock) {
		codes := func() string {
			var list []string
			for _, f := range a.Health(t.Context()) {
				list = append(list, f.Code+" "+string(f.Level))
			}
			return strings.Join(list, ", ")
		}
		start := clock.Now()
		if got, want := codes(), "tls.missing broken, authority.valid good"; got != want {
			t.Errorf("at first: got %s, want %s", got, want)
		}
		if err := a.EnsureTLS(t.Context(), []string{"mdm.example.org"}); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			after time.Duration
			want  string
		}{
			{0, "tls.valid good, authority.valid good"},
			{tlsLife - 20*24*time.Hour, "tls.expiring attention, authority.valid good"},
			{tlsLife - 5*24*time.Hour, "tls.expiring broken, authority.valid good"},
			{tlsLife, "tls.expired broken, authority.valid good"},
			{authorityLife - 300*24*time.Hour, "tls.expired broken, authority.expiring attention"},
			{authorityLife, "tls.expired broken, authority.expired broken"},
			{-30 * 24 * time.Hour, "tls.valid good, clock.behind broken"},
		} {
			clock.Add(start.Add(step.after).Sub(clock.Now()))
			if got := codes(); got != step.want {
				t.Errorf("after %v: got %s, want %s", step.after, got, step.want)
			}
		}
	})
}
