package text

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
)

// room is the text room of one database, as the administrator Ida uses it, whose organization speaks German.
type room struct {
	*Store
	t   *testing.T
	db  *db.DB
	ctx context.Context
}

func newRoom(t *testing.T, d *db.DB) *room {
	t.Helper()
	s, err := Open(d, event.New(d))
	if err != nil {
		t.Fatal(err)
	}
	return &room{s, t, d, event.WithActor(t.Context(), "ida")}
}

func (r *room) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) save(language string, key Key, words string) {
	r.t.Helper()
	r.ok(r.Save(r.ctx, "de", Change{Language: language, Key: key, Words: words}))
}

func (r *room) publish(note string) Version {
	r.t.Helper()
	v, err := r.Publish(r.ctx, "de", Publication{Note: note})
	r.ok(err)
	return v
}

// shown is what a phone sees.
func (r *room) shown(language string, key Key) string {
	r.t.Helper()
	c, err := r.Current(r.ctx)
	r.ok(err)
	return c.Text(c.Match("de", language), key, nil)
}

func (r *room) look(language string, key Key) Text {
	r.t.Helper()
	t, err := r.Look(r.ctx, "de", language, key)
	r.ok(err)
	return t
}

func (r *room) kinds() []string {
	r.t.Helper()
	list, err := r.events.List(r.ctx, event.Query{})
	r.ok(err)
	var kinds []string
	for _, e := range list {
		kinds = append(kinds, string(e.Kind))
	}
	return kinds
}

// codes are the problems of an error that refuses words.
func codes(err error) []string {
	var refused *RefusedError
	if !errors.As(err, &refused) {
		return nil
	}
	var list []string
	for _, p := range refused.Problems {
		list = append(list, p.Code)
	}
	return list
}

func TestDraftsAreSeenByNobodyUntilTheyArePublished(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		r.save("de", "g.back", "Retour")
		if got := r.shown("de", "g.back"); got != "Zurück" {
			t.Errorf("a phone sees the draft %q", got)
		}
		drafts, err := r.Drafted(r.ctx)
		r.ok(err)
		if got := drafts.Text(drafts.Match("de"), "g.back", nil); got != "Retour" {
			t.Errorf("the preview shows %q", got)
		}
		other := newRoom(t, d) // another process
		if got := other.shown("de", "g.back"); got != "Zurück" {
			t.Errorf("before: got %q", got)
		}
		v := r.publish("shorter")
		if v.Version != 1 || v.Author != "ida" || len(v.Changes) != 1 {
			t.Errorf("published %+v", v)
		}
		if got := other.shown("de", "g.back"); got != "Retour" {
			t.Errorf("another process shows %q", got)
		}
		if got := r.look("de", "g.back"); got.Draft != nil || *got.Published != "Retour" || got.State != StatePublished || got.Author != "ida" {
			t.Errorf("afterwards: %+v", got)
		}
		if diff := cmp.Diff([]string{"text.drafted", "text.published"}, r.kinds()); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if _, err := r.Publish(r.ctx, "de", Publication{}); !errors.Is(err, ErrNothing) {
			t.Errorf("nothing to publish: got %v", err)
		}
	})
}

func TestSavingWhatIsThereIsNoDraft(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		r.save("de", "g.back", "Retour")
		r.save("de", "g.back", "Zurück")
		if got := r.look("de", "g.back"); got.Draft != nil || got.State != StateBuiltIn {
			t.Errorf("back to what is built in: %+v", got)
		}
		r.save("de", "g.back", "Retour")
		r.publish("")
		r.save("de", "g.back", "Weg")
		r.save("de", "g.back", "Retour")
		if got := r.look("de", "g.back"); got.Draft != nil || got.State != StatePublished {
			t.Errorf("back to what is published: %+v", got)
		}
		r.save("de", "g.back", "")
		if got := r.look("de", "g.back"); got.Draft == nil || *got.Draft != "" {
			t.Errorf("a draft that takes the change back: %+v", got)
		}
		r.publish("")
		if got := r.shown("de", "g.back"); got != "Zurück" {
			t.Errorf("taken back: got %q", got)
		}
		r.save("de", "g.back", "Weg")
		r.ok(r.Discard(r.ctx, "de", "g.back"))
		if got := r.look("de", "g.back"); got.Draft != nil {
			t.Errorf("thrown away: %+v", got)
		}
	})
}

func TestPublishingIsAllOrNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		r.save("de", "g.back", "Retour")
		r.save("en", "e.os_old", "Update to {{min_os}}, {{who}}")
		r.save("fr", "g.continue", "Bien plus long que vingt caractères")
		_, err := r.Publish(r.ctx, "de", Publication{})
		if diff := cmp.Diff([]string{"unknown_variable", "too_long"}, codes(err)); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
		var refused *RefusedError
		errors.As(err, &refused)
		if p := refused.Problems[0]; p.Language != "en" || p.Key != "e.os_old" || p.At != 22 || p.Length != 7 || p.Params["name"] != "who" {
			t.Errorf("the spot: %+v", p)
		}
		if got := r.shown("de", "g.back"); got != "Zurück" {
			t.Errorf("a part was published: %q", got)
		}
		if _, err := r.Publish(r.ctx, "de", Publication{Languages: []string{"de"}}); err != nil {
			t.Errorf("only German: %v", err)
		}
		if got := r.look("fr", "g.continue"); got.Draft == nil || !got.Over {
			t.Errorf("the draft of another language: %+v", got)
		}
	})
}

func TestTermsAreAnotherVersionOrACorrection(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		terms := func() Terms {
			c, err := r.Current(r.ctx)
			r.ok(err)
			return c.Terms()
		}
		yes, no := true, false
		r.save("fr", termsBody, "Accord")
		if _, err := r.Publish(r.ctx, "de", Publication{}); !cmp.Equal(codes(err), []string{"terms_default"}) {
			t.Errorf("terms that the default language lacks: got %v", err)
		}
		r.save("de", termsBody, "Vereinbarung")
		r.publish("the first")
		if got := terms(); got.Version != 1 || got.Date.IsZero() {
			t.Errorf("the first terms: %+v", got)
		}
		r.save("en", termsBody, "Agreement")
		r.publish("a translation is no other version")
		r.save("de", termsBody, "Vereinbarung, neu")
		if _, err := r.Publish(r.ctx, "de", Publication{}); !cmp.Equal(codes(err), []string{"terms_version"}) {
			t.Errorf("changed terms without a word: got %v", err)
		}
		p, err := r.Pending(r.ctx, "de")
		r.ok(err)
		if !p.TermsChanged || len(p.Drafts) != 1 || p.Drafts[0].From != "Vereinbarung" {
			t.Errorf("pending: %+v", p)
		}
		_, err = r.Publish(r.ctx, "de", Publication{NewTerms: &no})
		r.ok(err)
		if got := terms().Version; got != 1 {
			t.Errorf("after a correction: version %d", got)
		}
		r.save("de", "terms.checkbox", "Ich stimme allem zu.")
		_, err = r.Publish(r.ctx, "de", Publication{NewTerms: &yes})
		r.ok(err)
		if got := terms().Version; got != 2 {
			t.Errorf("other terms: version %d", got)
		}
		for _, tag := range []string{"de", "en", "fr"} {
			r.save(tag, termsBody, "")
		}
		_, err = r.Publish(r.ctx, "de", Publication{NewTerms: &no})
		r.ok(err)
		if got := terms(); got != (Terms{}) {
			t.Errorf("no terms: %+v", got)
		}
		r.save("de", termsBody, "Vereinbarung")
		r.publish("again")
		if got := terms().Version; got != 3 {
			t.Errorf("terms again: version %d, and 1 was agreed to before", got)
		}
	})
}

func TestOutdated(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		outdated := func() (list []string) {
			for _, tag := range []string{"de", "en", "fr"} {
				if r.look(tag, "g.back").Outdated {
					list = append(list, tag)
				}
			}
			return list
		}
		r.save("fr", "g.back", "Page précédente")
		if got := outdated(); len(got) != 0 {
			t.Errorf("nothing is outdated, but %v", got)
		}
		r.save("de", "g.back", "Eine Seite zurück")
		if diff := cmp.Diff([]string{"en", "fr"}, outdated()); diff != "" {
			t.Errorf("when the default language changes (-want +got):\n%s", diff)
		}
		if got := r.look("fr", "g.back"); got.MadeFrom != "Zurück" || got.Source != "Eine Seite zurück" {
			t.Errorf("what it was made from: %q, now %q", got.MadeFrom, got.Source)
		}
		r.publish("")
		r.save("fr", "g.back", "Page précédente") // it is still right
		r.save("en", "g.back", "Back")
		if got := outdated(); len(got) != 0 {
			t.Errorf("said to be right, and outdated: %v", got)
		}
		v := r.publish("")
		if len(v.Changes) != 2 {
			t.Errorf("changes: %+v", v.Changes)
		}
		if got := outdated(); len(got) != 0 {
			t.Errorf("published, and outdated: %v", got)
		}
		r.save("de", "g.back", "")
		if diff := cmp.Diff([]string{"en", "fr"}, outdated()); diff != "" {
			t.Errorf("taken back (-want +got):\n%s", diff)
		}
	})
}

func TestWhatCannotBeStored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		for want, c := range map[string]Change{
			"unknown_key":      {Language: "de", Key: "no.such", Words: "x"},
			"unknown_language": {Language: "hu", Key: "g.back", Words: "x"},
			"encoding":         {Language: "de", Key: "g.back", Words: "\xff"},
			"far_too_long":     {Language: "de", Key: "g.back", Words: strings.Repeat("x", maxDraft+1)},
		} {
			if got := codes(r.Save(r.ctx, "de", Change{Language: "de", Key: "g.continue", Words: "kept?"}, c)); !cmp.Equal(got, []string{want}) {
				t.Errorf("%s: got %v", want, got)
			}
		}
		if got := codes(r.Save(r.ctx, "de", Change{Language: "de", Key: "g.back", Words: "a\x00"})); !cmp.Equal(got, []string{"encoding"}) {
			t.Errorf("a letter that PostgreSQL refuses: got %v", got)
		}
		if got := r.look("de", "g.continue"); got.Draft != nil {
			t.Errorf("a part was stored: %+v", got)
		}
	})
}

// portal-texts, section 2: what is published in the language, what is built in, what the default language says, English.
func TestFallback(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		_, err := r.AddLanguage(r.ctx, "de", "fr-CA", "")
		r.ok(err)
		r.ok(r.SetLanguage(r.ctx, "de", "fr-CA", true, false))
		_, err = r.AddLanguage(r.ctx, "de", "hu", "")
		r.ok(err)
		r.ok(r.SetLanguage(r.ctx, "de", "hu", true, false))
		r.save("fr-CA", "g.back", "Reculer")
		r.save("fr", "g.continue", "Suite")
		r.save("de", "g.cancel", "Lieber nicht")
		r.save("de", "privacy.more", "Der Betriebsrat")
		r.publish("")
		for _, x := range []struct {
			language string
			key      Key
			want     string
		}{
			{"fr-CA", "g.back", "Reculer"},
			{"fr-CA", "g.continue", "Suite"},
			{"fr-CA", "g.cancel", "Annuler"},             // built in beats what the default language says
			{"fr-CA", "privacy.more", "Der Betriebsrat"}, // nobody has it in French
			{"hu", "g.cancel", "Lieber nicht"},           // nothing is built in
			{"hu", "g.optional", "optional"},             // German, as built in
			{"de", "g.cancel", "Lieber nicht"},
		} {
			if got := r.shown(x.language, x.key); got != x.want {
				t.Errorf("%s in %s: got %q, want %q", x.key, x.language, got, x.want)
			}
		}
		if got := r.look("hu", "g.cancel"); got.State != StateMissing || got.Outdated {
			t.Errorf("a text that another language stands in for: %+v", got)
		}
		if got := r.look("fr-CA", "g.cancel"); got.State != StateBuiltIn {
			t.Errorf("a text that French stands in for: %+v", got)
		}
	})
}
