package text

import (
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
)

// rows are the published texts as they lie in the database.
func (r *room) rows() map[spot]made {
	r.t.Helper()
	state := map[spot]made{}
	r.ok(r.db.View(r.ctx, func(tx *db.Tx) error {
		rows, err := all(tx, false)
		for at, x := range rows {
			state[at] = x.made
		}
		return err
	}))
	return state
}

func TestRestoreGivesIdenticalBytes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		states := []map[spot]made{r.rows()}
		for n, changes := range [][]Change{
			{{Language: "de", Key: "g.back", Words: "Retour"}, {Language: "fr", Key: "g.back", Words: "Précédent\u00a0!"}},
			{{Language: "de", Key: "g.back", Words: ""}, {Language: "de", Key: termsBody, Words: "## Eins\n- a\n- b"}},
			{{Language: "de", Key: "g.back", Words: "Weg"}, {Language: "fr", Key: "g.back", Words: "Zurück?"}, {Language: "de", Key: "signin.body", Words: "-"}},
		} {
			r.ok(r.Save(r.ctx, "de", changes...))
			r.publish(fmt.Sprint(n))
			states = append(states, r.rows())
		}
		r.save("de", "g.cancel", "Ein Entwurf")
		for _, n := range []int{2, 0, 3, 1} {
			v, err := r.Restore(r.ctx, "de", int64(n), true)
			r.ok(err)
			if v.Restored != int64(n) || v.Author != "ida" {
				t.Errorf("version %d: %+v", n, v)
			}
			if diff := cmp.Diff(states[n], r.rows(), cmp.AllowUnexported(spot{})); diff != "" {
				t.Errorf("version %d (-then +restored):\n%s", n, diff)
			}
		}
		if _, err := r.Restore(r.ctx, "de", 1, true); !errors.Is(err, ErrNothing) {
			t.Errorf("what is there already: got %v", err)
		}
		if _, err := r.Restore(r.ctx, "de", 99, true); !errors.Is(err, ErrUnknown) {
			t.Errorf("a version that never was: got %v", err)
		}
		if got := r.look("de", "g.cancel"); got.Draft == nil {
			t.Error("a draft was lost")
		}
		list, err := r.Versions(r.ctx, 0, 3)
		r.ok(err)
		if len(list) != 3 || list[0].Version != 7 || list[0].Restored != 1 {
			t.Errorf("history: %+v", list)
		}
		older, err := r.Versions(r.ctx, list[2].Version, 100)
		r.ok(err)
		if len(older) != 4 || older[3].Note != "0" || older[3].Restored != -1 {
			t.Errorf("older history: %+v", older)
		}
		one, err := r.Version(r.ctx, 3)
		r.ok(err)
		if c := one.Changes[0]; len(one.Changes) != 3 || c.Key != "g.back" || c.From != nil || c.To.Words != "Weg" {
			t.Errorf("what version 3 changed: %+v", one.Changes)
		}
	})
}

func TestRestoredTermsAreOtherTerms(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		yes := true
		r.save("de", termsBody, "A")
		r.publish("")
		r.save("de", termsBody, "B")
		_, err := r.Publish(r.ctx, "de", Publication{NewTerms: &yes})
		r.ok(err)
		v, err := r.Restore(r.ctx, "de", 1, true)
		r.ok(err)
		if v.Terms.Version != 3 {
			t.Errorf("terms that came back have the version %d: whoever agreed to B did not agree to them", v.Terms.Version)
		}
	})
}

func TestRestoreAsDrafts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		r.save("de", "g.back", "Eins")
		r.publish("")
		r.save("de", "g.back", "Zwei")
		r.publish("")
		_, err := r.Restore(r.ctx, "de", 1, false)
		r.ok(err)
		if got := r.shown("de", "g.back"); got != "Zwei" {
			t.Errorf("published at once: %q", got)
		}
		r.publish("")
		if got := r.shown("de", "g.back"); got != "Eins" {
			t.Errorf("got %q", got)
		}
	})
}

func TestLanguagesOfOnesOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		tag, err := r.AddLanguage(r.ctx, "de", "de_ch", "de")
		r.ok(err)
		if tag != "de-CH" {
			t.Fatalf("got the tag %q", tag)
		}
		offered := func(preference string) string {
			c, err := r.Current(r.ctx)
			r.ok(err)
			return c.Match("en", preference).Tag()
		}
		if got := offered("de-CH"); got != "de" {
			t.Errorf("a new language is on: %q", got)
		}
		if got := r.look("de-CH", "g.back"); got.Draft == nil || *got.Draft != "Zurück" {
			t.Errorf("copied: %+v", got)
		}
		if got := r.look("de-CH", "language.name"); got.Draft != nil {
			t.Errorf("the name was copied: %+v", got)
		}
		r.save("de-CH", "g.back", "Retour")
		r.publish("")
		r.ok(r.SetLanguage(r.ctx, "de", "de-CH", true, false))
		if got := offered("de-CH"); got != "de-CH" || r.shown("de-CH", "g.back") != "Retour" {
			t.Errorf("switched on: %q, %q", got, r.shown("de-CH", "g.back"))
		}
		for _, x := range []struct {
			err, want error
		}{
			{second(r.AddLanguage(r.ctx, "de", "de-CH", "")), ErrExists},
			{second(r.AddLanguage(r.ctx, "de", "fr", "")), ErrExists},
			{second(r.AddLanguage(r.ctx, "de", "not a tag", "")), ErrLanguage},
			{second(r.AddLanguage(r.ctx, "de", pseudoTag, "")), ErrLanguage},
			{r.RemoveLanguage(r.ctx, "de", "fr"), ErrBuiltIn},
			{r.RemoveLanguage(r.ctx, "de", "hu"), ErrUnknown},
			{r.SetLanguage(r.ctx, "de", "de", false, false), ErrDefault},
			{r.SetLanguage(r.ctx, "de", "hu", true, false), ErrUnknown},
		} {
			if !errors.Is(x.err, x.want) {
				t.Errorf("got %v, want %v", x.err, x.want)
			}
		}
		r.ok(r.RemoveLanguage(r.ctx, "de", "de-CH"))
		if got := offered("de-CH"); got != "de" || len(r.rows()) != 0 {
			t.Errorf("removed: %q, %v", got, maps.Keys(r.rows()))
		}
		_, err = r.Restore(r.ctx, "de", 1, true)
		r.ok(err)
		r.ok(r.SetLanguage(r.ctx, "de", "de-CH", true, false))
		if got := r.shown("de-CH", "g.back"); got != "Retour" {
			t.Errorf("brought back: %q", got)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestReviewed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		standing := func() Standing {
			v, err := r.Survey(r.ctx, "de", "")
			r.ok(err)
			for _, s := range v.Languages {
				if s.Tag == "fr" {
					return s
				}
			}
			t.Fatal("no French")
			return Standing{}
		}
		if s := standing(); !s.Enabled || s.ReviewedBy != "" || s.Name != "Français" || s.Missing != 0 || s.Keys < 180 {
			t.Errorf("at first: %+v", s)
		}
		r.ok(r.SetLanguage(r.ctx, "de", "fr", false, true))
		if s := standing(); s.Enabled || s.ReviewedBy != "ida" || s.ReviewedAt.IsZero() {
			t.Errorf("off and reviewed: %+v", s)
		}
		c, err := r.Current(r.ctx)
		r.ok(err)
		if got := c.Match("de", "fr-FR").Tag(); got != "de" {
			t.Errorf("a language that is off is offered: %q", got)
		}
		if got := c.Match("fr").Tag(); got != "fr" {
			t.Errorf("the default language is served even if it is off: got %q", got)
		}
		if diff := cmp.Diff([]string{"text.language_disabled", "text.language_reviewed"}, r.kinds()); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}
