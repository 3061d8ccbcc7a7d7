package text

import (
	"context"
	"testing"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
)

// everything is a store in which each text of each language was changed and published: the most that people can do.
func everything(b *testing.B) (*Store, context.Context) {
	b.Helper()
	d := dbtest.Open(b)
	s, err := Open(d, event.New(d))
	if err != nil {
		b.Fatal(err)
	}
	ctx := event.WithActor(b.Context(), "ida")
	err = d.Update(ctx, func(tx *db.Tx) error {
		for _, tag := range s.house.languages {
			for _, key := range s.house.keys {
				r := row{language: tag, key: key, author: "ida", made: made{s.house.built(tag, key) + " ", s.house.start("de", key), "de"}}
				if err := put(tx, r, false); err != nil {
					return err
				}
			}
		}
		return renew(tx, published, drafted)
	})
	if err != nil {
		b.Fatal(err)
	}
	return s, ctx
}

func BenchmarkCurrent(b *testing.B) {
	s, ctx := everything(b)
	for b.Loop() {
		if _, err := s.Current(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPage draws thirty texts, as a page does that has many.
func BenchmarkPage(b *testing.B) {
	s, ctx := everything(b)
	c, err := s.Current(ctx)
	if err != nil {
		b.Fatal(err)
	}
	vars := StandardVars(Standard{OrgName: "Nordlicht GmbH", SupportName: "IT", SupportPhone: "1"})
	keys := c.Keys()
	for b.Loop() {
		l := c.Match("de", "", "fr-CA", "en-US,en;q=0.9")
		for _, key := range keys[45:75] {
			c.HTML(l, key, vars)
		}
		c.Languages(l)
	}
}

// BenchmarkPreview is a keystroke in the editor: unsaved words over drafts.
func BenchmarkPreview(b *testing.B) {
	s, ctx := everything(b)
	for b.Loop() {
		c, err := s.Drafted(ctx)
		if err != nil {
			b.Fatal(err)
		}
		with, _ := c.With(Change{Language: "fr", Key: "done.body", Words: "1. **{{managed_account}}**\n2. x"})
		with.HTML(with.Match("fr"), "done.body", nil)
	}
}

func BenchmarkSave(b *testing.B) {
	s, ctx := everything(b)
	for i := 0; b.Loop(); i++ {
		if err := s.Save(ctx, "de", Change{Language: "fr", Key: "done.body", Words: []string{"a", "b"}[i%2]}); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Look(ctx, "de", "fr", "done.body"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSurvey(b *testing.B) {
	s, ctx := everything(b)
	for b.Loop() {
		if _, err := s.Survey(ctx, "de", "fr"); err != nil {
			b.Fatal(err)
		}
	}
}
