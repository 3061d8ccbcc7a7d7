package text

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// What happens to texts. Which words changed stands in the version.
const (
	Drafted   event.Kind = "text.drafted"   // a language got its first draft since it was published
	Published event.Kind = "text.published" // phones see other words
	Restored  event.Kind = "text.restored"  // phones see the words of an older version again
	Imported  event.Kind = "text.imported"  // a file became drafts

	LanguageAdded       event.Kind = "text.language_added"
	LanguageRemoved     event.Kind = "text.language_removed"
	LanguageEnabled     event.Kind = "text.language_enabled"
	LanguageDisabled    event.Kind = "text.language_disabled"
	LanguageReviewed    event.Kind = "text.language_reviewed"
	LanguageNotReviewed event.Kind = "text.language_not_reviewed"
)

// ErrNothing says that there is nothing to publish or restore: all words are as they were.
var ErrNothing = errors.New("text: nothing would change")

// RefusedError says why words were not taken. Nothing was stored.
type RefusedError struct{ Problems []Problem }

func (e *RefusedError) Error() string {
	if len(e.Problems) == 0 {
		return "the words were refused"
	}
	s := e.Problems[0].String()
	if more := len(e.Problems) - 1; more > 0 {
		s += fmt.Sprintf(" (and %d more)", more)
	}
	return s
}

// maxDraft is how long a draft may be, in bytes. What is over its limit may be kept and shortened later, within reason.
const maxDraft = 128 << 10

// Save keeps words as a draft. fallback is the organization's default language. Words with problems are kept, too: they
// are somebody's work; publishing refuses them.
func (s *Store) Save(ctx context.Context, fallback string, changes ...Change) error {
	return s.work(ctx, fallback, func(tx *db.Tx, d *desk) error { return s.save(tx, d, changes) })
}

// save keeps drafts. Words that are there already are none, unless they are outdated: then somebody says that they are
// still right.
func (s *Store) save(tx *db.Tx, d *desk, changes []Change) error {
	first := map[string]bool{}
	for at := range d.drafts {
		first[at.language] = true
	}
	for _, c := range changes {
		c.Words = strings.ReplaceAll(c.Words, "\r\n", "\n")
		if problems := d.impossible(c); len(problems) > 0 {
			return &RefusedError{problems}
		}
		at := spot{c.Language, c.Key}
		public, ok := d.published[at]
		same := ok && c.Words == public.Words
		if !same && c.Words == s.house.built(c.Language, c.Key) && (ok || !d.stale(c.Language, c.Key)) {
			c.Words = ""
		}
		if same && !d.outdatedRow(public) || !ok && c.Words == "" {
			if err := drop(tx, c.Language, c.Key, true); err != nil {
				return err
			}
			continue
		}
		r := row{language: c.Language, key: c.Key, author: event.Actor(tx.Context())}
		r.Words = c.Words
		if r.Source, r.SourceLanguage = d.sourceOf(c.Language, c.Key); c.source != nil {
			r.Source = *c.source
		}
		if err := put(tx, r, true); err != nil {
			return err
		}
		if !first[c.Language] {
			first[c.Language] = true
			if err := s.events.Add(tx, event.Event{Kind: Drafted, Params: map[string]string{"language": c.Language}}); err != nil {
				return err
			}
		}
	}
	return renew(tx, drafted)
}

// impossible says what keeps words from being stored at all.
func (d *desk) impossible(c Change) []Problem {
	k := &checker{language: c.Language, key: c.Key}
	switch {
	case !d.after.Has(c.Key):
		k.wrong("unknown_key", 0, 0)
	case !d.after.knows(c.Language):
		k.wrong("unknown_language", 0, 0)
	case !utf8.ValidString(c.Words) || strings.ContainsRune(c.Words, 0):
		k.wrong("encoding", 0, 0)
	case len(c.Words) > maxDraft:
		k.wrong("far_too_long", 0, 0)
	}
	return k.found
}

// Discard throws a draft away, if there is one.
func (s *Store) Discard(ctx context.Context, language string, key Key) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if err := drop(tx, language, key, true); err != nil {
			return err
		}
		return renew(tx, drafted)
	})
}
