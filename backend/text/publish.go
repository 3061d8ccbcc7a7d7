package text

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// Publication says what is to be published.
type Publication struct {
	Note      string
	Languages []string // whose drafts; none: all
	// NewTerms says whether changed terms are another version, to which people have to agree anew, or a small correction.
	// Nil is no answer; it is needed when terms that people have agreed to change.
	NewTerms *bool
}

// Draft is a draft beside the words that it would replace.
type Draft struct {
	Language string
	Key      Key
	From, To string
	Author   string
	At       time.Time
}

// Pending is what publishing all drafts would do.
type Pending struct {
	Drafts       []Draft
	Problems     []Problem
	TermsChanged bool // somebody has to say whether these are other terms
}

// Pending says what would be published, and what is wrong with it.
func (s *Store) Pending(ctx context.Context, fallback string) (Pending, error) {
	var p Pending
	err := s.look(ctx, fallback, func(d *desk) error {
		chosen := d.chosen(nil)
		for _, r := range chosen {
			p.Drafts = append(p.Drafts, Draft{
				Language: r.language, Key: r.key, From: d.before.words(r.language, r.key), To: d.after.words(r.language, r.key),
				Author: r.author, At: r.at,
			})
		}
		p.Problems = d.problems(d.after, chosen)
		p.TermsChanged = otherTerms(d.before, d.after)
		return nil
	})
	return p, err
}

// chosen are the drafts in some languages, or all, in the order of the pages.
func (d *desk) chosen(languages []string) []row {
	var list []row
	for _, r := range d.drafts {
		if len(languages) == 0 || slices.Contains(languages, r.language) {
			list = append(list, r)
		}
	}
	order := d.after.house.order
	slices.SortFunc(list, func(a, b row) int {
		if c := strings.Compare(a.language, b.language); c != 0 {
			return c
		}
		return order[a.key] - order[b.key]
	})
	return list
}

// problems are those of drafts that would lead to the catalogue next.
func (d *desk) problems(next *Catalog, chosen []row) []Problem {
	var all []Problem
	lawful := true
	for _, r := range chosen {
		all = append(all, next.check(r.language, r.key, r.Words)...)
		lawful = lawful && !legal(r.key)
	}
	if lawful {
		return all
	}
	return append(all, next.unlawful(d.fallback)...)
}

// unlawful finds languages in which the page with the terms would not be whole, and terms that those who read the default
// language would not get.
func (c *Catalog) unlawful(fallback string) []Problem {
	var all []Problem
	agreement := ""
	for _, tag := range c.all.tags {
		if p := c.at(tag, termsBody); p == nil || p.words == "" {
			continue
		}
		agreement = tag
		for _, key := range c.house.keys {
			if p := c.at(tag, key); legal(key) && (p == nil || p.words == "" || p.hidden) {
				all = append(all, Problem{Code: "terms_mixed", Blocking: true, Language: tag, Key: key, Params: map[string]string{}})
			}
		}
	}
	if agreement != "" && !slices.Contains(c.legal, fallback) {
		all = append(all, Problem{
			Code: "terms_default", Blocking: true, Language: fallback, Key: termsBody, Params: map[string]string{"language": agreement},
		})
	}
	return all
}

// agreed are the texts that a person agrees to.
var agreed = []Key{termsBody, "terms.summary", "terms.checkbox"}

// otherTerms says whether somebody who has agreed would find other terms. A translation that is added changes nothing for
// those who have agreed.
func otherTerms(before, next *Catalog) bool {
	return before.agreement(before.legal) != next.agreement(before.legal)
}

// agreement is all that people agree to in some languages.
func (c *Catalog) agreement(languages []string) string {
	var b strings.Builder
	for _, tag := range languages {
		for _, key := range agreed {
			if p := c.at(tag, key); p != nil {
				fmt.Fprintf(&b, "%s %s %q\n", tag, key, p.words)
			}
		}
	}
	return b.String()
}

// maxNote is how long a note about a publishing may be, in characters.
const maxNote = 1000

// Publish makes drafts the words that phones see, all of them or none. fallback is the organization's default language.
func (s *Store) Publish(ctx context.Context, fallback string, p Publication) (Version, error) {
	var v Version
	err := s.work(ctx, fallback, func(tx *db.Tx, d *desk) error {
		chosen := d.chosen(p.Languages)
		if len(chosen) == 0 {
			return ErrNothing
		}
		var changes []Change
		v = Version{At: tx.Now, Author: event.Actor(tx.Context()), Note: p.Note, Restored: -1}
		for _, r := range chosen {
			changes = append(changes, Change{Language: r.language, Key: r.key, Words: r.Words})
			v.Changes = append(v.Changes, d.change(r))
		}
		next, _ := d.before.With(changes...)
		problems := d.problems(next, chosen)
		if utf8.RuneCountInString(p.Note) > maxNote || !utf8.ValidString(p.Note) || strings.ContainsRune(p.Note, 0) {
			problems = append(problems, Problem{Code: "note", Blocking: true, Params: map[string]string{"max": strconv.Itoa(maxNote)}})
		}
		if otherTerms(d.before, next) && p.NewTerms == nil {
			problems = append(problems, Problem{Code: "terms_version", Blocking: true, Language: d.fallback, Key: termsBody, Params: map[string]string{}})
		}
		if problems = slices.DeleteFunc(problems, func(p Problem) bool { return !p.Blocking }); len(problems) > 0 {
			return &RefusedError{problems}
		}
		first := len(d.before.legal) == 0 && len(next.legal) > 0
		var err error
		if v, err = s.write(tx, v, first || p.NewTerms != nil && *p.NewTerms && len(next.legal) > 0); err != nil {
			return err
		}
		for _, r := range chosen {
			if err := drop(tx, r.language, r.key, true); err != nil {
				return err
			}
		}
		return s.announce(tx, Published, v, map[string]string{"note": p.Note})
	})
	return v, err
}

// change is what publishing a draft does.
func (d *desk) change(r row) Changed {
	c := Changed{Language: r.language, Key: r.key}
	if old, ok := d.published[spot{r.language, r.key}]; ok {
		c.From = &old.made
	}
	if r.Words != "" {
		c.To = &r.made
	}
	return c
}

// write stores a version: the words that phones see, and how they came about.
func (s *Store) write(tx *db.Tx, v Version, otherTerms bool) (Version, error) {
	last, err := lastVersion(tx)
	if err != nil {
		return v, err
	}
	v.Version, v.Terms = last.Version+1, last.Terms
	if otherTerms {
		v.Terms = Terms{last.Terms.Version + 1, tx.Now}
	}
	for _, c := range v.Changes {
		if c.To == nil {
			err = drop(tx, c.Language, c.Key, false)
		} else {
			err = put(tx, row{language: c.Language, key: c.Key, made: *c.To, author: v.Author}, false)
		}
		if err != nil {
			return v, err
		}
	}
	changes, err := json.Marshal(v.Changes)
	if err != nil {
		return v, fmt.Errorf("store a version of texts: %w", err)
	}
	if _, err := tx.Exec(`
		INSERT INTO text_versions (version, published_at, author, note, restored, terms, terms_at, changes)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		v.Version, db.Millis(v.At), v.Author, v.Note, v.Restored, v.Terms.Version, db.Millis(v.Terms.Date), string(changes)); err != nil {
		return v, fmt.Errorf("store a version of texts: %w", err)
	}
	return v, renew(tx, published, drafted)
}

// announce tells what phones see from now on.
func (s *Store) announce(tx *db.Tx, kind event.Kind, v Version, params map[string]string) error {
	tags := map[string]bool{}
	for _, c := range v.Changes {
		tags[c.Language] = true
	}
	params["version"] = strconv.FormatInt(v.Version, 10)
	params["texts"] = strconv.Itoa(len(v.Changes))
	params["languages"] = strings.Join(slices.Sorted(maps.Keys(tags)), ", ")
	if v.Terms.Date.Equal(v.At) {
		params["terms"] = strconv.Itoa(v.Terms.Version)
	}
	return s.events.Add(tx, event.Event{Kind: kind, Params: params})
}
