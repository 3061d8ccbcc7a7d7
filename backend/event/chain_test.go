package event_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
)

func seal(t *testing.T, l *event.Log) {
	t.Helper()
	if err := l.Seal(t.Context(), true); err != nil {
		t.Fatal(err)
	}
}

func verify(t *testing.T, l *event.Log, noted string) event.Verdict {
	t.Helper()
	v, err := l.Verify(t.Context(), noted)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// behind changes the database as somebody does who has another program for it.
func behind(t *testing.T, d *db.DB, statements ...string) {
	t.Helper()
	err := d.Update(t.Context(), func(tx *db.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(s); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestVerifyNamesTheFirstBrokenEvent(t *testing.T) {
	for _, c := range []struct {
		name string
		sql  []string
		want string // fault, kind of the event, and the name that its place was written under
	}{
		{"nothing", nil, ""},
		{"a person", []string{`UPDATE events SET person = 'bert@example.org' WHERE kind = 'k3'`}, "altered k3"},
		{"an actor", []string{`UPDATE events SET actor = 'phone' WHERE kind = 'k3'`}, "altered k3"},
		{"a time", []string{`UPDATE events SET at = at + 1 WHERE kind = 'k3'`}, "altered k3"},
		{"the facts", []string{`UPDATE events SET params = '{}' WHERE kind = 'k3'`}, "altered k3"},
		{"facts that are none", []string{`UPDATE events SET params = '{' WHERE kind = 'k3'`}, "altered k3"},
		{"a letter that moves to the next column", []string{`UPDATE events SET attempt = 'a3e', enrollment = '3' WHERE kind = 'k3'`}, "altered k3"},
		{"two rows", []string{`UPDATE events SET person = 'x' WHERE kind = 'k7'`, `UPDATE events SET person = 'x' WHERE kind = 'k4'`}, "altered k4"},
		{"a missing row", []string{`DELETE FROM events WHERE kind = 'k5'`}, "missing"},
		{"the first row", []string{`DELETE FROM events WHERE kind = 'k0'`}, "missing"},
		{"the last row", []string{`DELETE FROM events WHERE kind = 'k9'`}, "missing"},
		{"a row and its link", []string{
			`DELETE FROM links WHERE seq = (SELECT seq FROM events WHERE kind = 'k5')`, `DELETE FROM events WHERE kind = 'k5'`,
		}, "missing"},
		{"the end, with its links", []string{
			`DELETE FROM links WHERE seq IN (SELECT seq FROM events WHERE kind >= 'k8')`, `DELETE FROM events WHERE kind >= 'k8'`,
		}, "shortened"},
		{"a digest", []string{`UPDATE links SET digest = head WHERE seq = (SELECT seq FROM events WHERE kind = 'k5')`}, "altered k5"},
		{"a head", []string{`UPDATE links SET head = digest WHERE seq = (SELECT seq FROM events WHERE kind = 'k5')`}, "relinked k5"},
		{"the last head", []string{`UPDATE links SET head = digest WHERE place = (SELECT MAX(place) FROM links)`}, "relinked trail.begun"},
		{"the count", []string{`UPDATE trail SET links = 3`}, "relinked"},
		{"the key", []string{`DELETE FROM trail`}, "key_gone"},
		{"another key", []string{`UPDATE trail SET sealed = (SELECT digest FROM links WHERE place = 1)`}, "key_gone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				l := event.New(d)
				for i := range 10 {
					add(t, d, l, event.Event{
						Kind: event.Kind(fmt.Sprint("k", i)), Actor: "admin", Attempt: fmt.Sprint("a", i), Enrollment: fmt.Sprint("e", i),
						Person: "anna@example.org", Params: map[string]string{"i": fmt.Sprint(i)},
					})
				}
				seal(t, l)
				behind(t, d, c.sql...)
				v := verify(t, l, "")
				got := ""
				if v.Broken != nil {
					got = strings.TrimSpace(v.Broken.Fault + " " + string(v.Broken.Event.Kind))
				}
				if got != c.want {
					t.Errorf("verdict: got %q (%+v), want %q", got, v.Broken, c.want)
				}
				if c.sql == nil && (v.Events != 11 || v.Waiting != 0 || v.Forgotten != 0 || len(v.Head) != 64 || v.Began.IsZero()) {
					t.Errorf("verdict: %+v", v)
				}
			})
		})
	}
}

func TestABrokenTrailIsNotContinued(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := event.New(d)
		add(t, d, l, event.Event{Kind: "one"}, event.Event{Kind: "two"})
		seal(t, l)
		behind(t, d, `UPDATE links SET head = digest WHERE place = 3`)
		add(t, d, l, event.Event{Kind: "three"})
		if err := l.Seal(t.Context(), false); err == nil {
			t.Error("sealed on top of a link that is not ours")
		}
		if f := l.Health(t.Context()); len(f) != 1 || f[0].Code != "trail_broken" {
			t.Errorf("findings: got %v, want trail_broken", f)
		}
	})
}

// What is removed on purpose leaves the chain whole, and says that something was removed.
func TestForgettingDoesNotBreakTheChain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := event.New(d)
		for i := range 6 {
			add(t, d, l, event.Event{Kind: "other", Person: "anna@example.org"}, event.Event{Kind: "purged", Enrollment: "gone", Attempt: fmt.Sprint("a", i/4)})
		}
		seal(t, l)
		forget := func(attempt, enrollment string) {
			t.Helper()
			if err := d.Update(t.Context(), func(tx *db.Tx) error { return l.Forget(tx, attempt, enrollment) }); err != nil {
				t.Fatal(err)
			}
		}
		forget("a1", "")
		forget("", "gone")
		for range 2 {
			if v := verify(t, l, ""); v.Broken != nil || v.Forgotten != 6 {
				t.Errorf("after forgetting: got %+v, broken %+v; want 6 forgotten", v, v.Broken)
			}
			seal(t, l)
		}
		said, err := l.List(t.Context(), event.Query{Kind: event.Forgotten})
		if err != nil || len(said) != 2 {
			t.Fatalf("events about it: got %v, %v; want 2", said, err)
		}
		if diff := cmp.Diff(map[string]string{"count": "4", "places": "2,4,6,8"}, said[1].Params); diff != "" {
			t.Errorf("what it says (-want +got):\n%s", diff)
		}
		behind(t, d, `UPDATE events SET params = '{"count":"12","places":"1-12"}' WHERE kind = 'trail.forgotten'`, `DELETE FROM events WHERE kind = 'other'`)
		if v := verify(t, l, ""); v.Broken == nil || v.Broken.Fault != event.Altered {
			t.Errorf("a removal that was written over: got %+v, want altered", v.Broken)
		}
	})
}

// A stranger who knocks leaves nothing behind when forgotten in time; what stays is sealed with the rest.
func TestStrangersAreSealedLate(t *testing.T) {
	dbtest.Clocked(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		l := event.New(d)
		add(t, d, l,
			event.Event{Kind: "knocked", Attempt: "a"}, event.Event{Kind: "knocked", Attempt: "b"},
			event.Event{Kind: "signed in", Attempt: "b", Person: "anna@example.org"})
		seal(t, l)
		if v := verify(t, l, ""); v.Waiting != 2 || v.Events != 2 { // one says that the chain begins
			t.Errorf("at once: got %+v", v)
		}
		if err := d.Update(t.Context(), func(tx *db.Tx) error { return l.Forget(tx, "a", "") }); err != nil {
			t.Fatal(err)
		}
		clock.Add(4 * time.Hour)
		seal(t, l)
		if v := verify(t, l, ""); v.Waiting != 0 || v.Events != 3 || v.Forgotten != 0 || v.Broken != nil {
			t.Errorf("later: got %+v", v)
		}
		if said, err := l.List(t.Context(), event.Query{Kind: event.Forgotten}); err != nil || len(said) != 0 {
			t.Errorf("about the stranger: got %v, %v; want nothing", said, err)
		}
	})
}

// A head that somebody wrote down proves that nothing before it was changed, even by someone who has the key.
func TestANotedHeadIsFoundAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := event.New(d)
		add(t, d, l, event.Event{Kind: "one"})
		seal(t, l)
		noted := verify(t, l, "").Head
		add(t, d, l, event.Event{Kind: "two"})
		seal(t, l)
		if v := verify(t, l, noted); v.Noted == nil || !*v.Noted || v.Head == noted {
			t.Errorf("a head of before: got %+v", v)
		}
		behind(t, d, `DELETE FROM trail`, `DELETE FROM links`) // and all begins anew
		seal(t, l)
		if v := verify(t, l, noted); v.Broken != nil || v.Noted == nil || *v.Noted {
			t.Errorf("a head of another chain: got %+v", v)
		}
		if again, err := l.List(t.Context(), event.Query{Kind: event.Begun}); err != nil || len(again) != 2 {
			t.Errorf("the trail says that it began: got %d times, %v; want 2", len(again), err)
		}
	})
}

// Phones write, rehearsals are forgotten, and two processes seal, all at once.
func TestSealingBesideEverybody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l, other := event.New(d), event.New(d)
		var writers, sealers sync.WaitGroup
		done := make(chan struct{})
		for _, l := range []*event.Log{l, other} {
			sealers.Go(func() {
				for all := false; ; all = !all {
					if err := l.Seal(t.Context(), all); err != nil {
						t.Error(err)
						return
					}
					select {
					case <-done:
						return
					default:
					}
				}
			})
		}
		for w := range 4 {
			writers.Go(func() {
				for i := range 50 {
					id := fmt.Sprintf("%d-%d", w, i)
					err := d.Update(t.Context(), func(tx *db.Tx) error {
						if err := l.Add(tx, event.Event{Kind: "one", Enrollment: id}); err != nil {
							return err
						}
						return l.Add(tx, event.Event{Kind: "two", Enrollment: id})
					})
					if err == nil && i%3 == 0 {
						err = d.Update(t.Context(), func(tx *db.Tx) error { return l.Forget(tx, "", id) })
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		writers.Wait()
		close(done)
		sealers.Wait()
		seal(t, l)
		v := verify(t, l, "")
		said, err := l.List(t.Context(), event.Query{Kind: event.Forgotten, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if v.Broken != nil || v.Waiting != 0 || v.Events != 4*33*2+1+len(said) {
			t.Errorf("verdict: got %+v, broken %+v; want %d events", v, v.Broken, 4*33*2+1+len(said))
		}
	})
}

// The chain of an installation must verify with every later version of the program.
func TestTheDigestDoesNotChange(t *testing.T) {
	dbtest.Clocked(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		l := event.New(d)
		add(t, d, l, event.Event{Kind: "k", Actor: "admin", Attempt: "a", Enrollment: "e", Person: "ü@example.org", Params: map[string]string{"a": "1", "b": "<2>"}})
		behind(t, d, `UPDATE events SET id = '0190'`)
		seal(t, l)
		var digest []byte
		err := d.View(t.Context(), func(tx *db.Tx) error {
			return tx.Row(`SELECT digest FROM links WHERE place = 1`).Scan(&digest)
		})
		const want = "62021885960309c9894c1a07558583d4ba6b87f1b89c98813a1f1cb14363b256"
		if got := hex.EncodeToString(digest); err != nil || got != want {
			t.Errorf("digest: got %s, %v; want %s", got, err, want)
		}
	})
}
