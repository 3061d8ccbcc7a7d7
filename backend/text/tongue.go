package text

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// What this room refuses about languages.
var (
	ErrExists  = errors.New("text: the language is there already")
	ErrBuiltIn = errors.New("text: a language that is built in can be switched off, and not removed")
	ErrDefault = errors.New("text: the default language of the organization is always on")
)

// Own is what the administrator has said about a language.
type Own struct {
	Enabled    bool
	ReviewedBy string // a native speaker has read it, says this administrator; empty: nobody has
	ReviewedAt time.Time
}

// languages are those that the administrator has said something about.
func languages(tx *db.Tx) (map[string]Own, error) {
	rows, err := tx.Rows(`SELECT tag, enabled, reviewed_by, reviewed_at FROM text_languages`)
	if err != nil {
		return nil, fmt.Errorf("read the languages of texts: %w", err)
	}
	defer rows.Close()
	all := map[string]Own{}
	for rows.Next() {
		var tag string
		var o Own
		var at int64
		if err := rows.Scan(&tag, &o.Enabled, &o.ReviewedBy, &at); err != nil {
			return nil, fmt.Errorf("read the languages of texts: %w", err)
		}
		o.ReviewedAt = db.Time(at)
		all[tag] = o
	}
	return all, rows.Err()
}

func putLanguage(tx *db.Tx, tag string, o Own) error {
	_, err := tx.Exec(`
		INSERT INTO text_languages (tag, enabled, reviewed_by, reviewed_at, changed_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (tag) DO UPDATE SET enabled = excluded.enabled, reviewed_by = excluded.reviewed_by,
			reviewed_at = excluded.reviewed_at, changed_at = excluded.changed_at`,
		tag, o.Enabled, o.ReviewedBy, db.Millis(o.ReviewedAt), db.Millis(tx.Now))
	if err != nil {
		return fmt.Errorf("store a language of texts: %w", err)
	}
	return renew(tx, published, drafted)
}

func errUnknownLanguage(tag string) error { return fmt.Errorf("%w: language %s", ErrUnknown, tag) }

// knows says whether there is such a language, on or off.
func (c *Catalog) knows(tag string) bool { return slices.Contains(c.all.tags, tag) }

// AddLanguage adds a language, switched off until it has words. Those of another language can be its first drafts. It
// returns the tag in the form in which it is stored.
func (s *Store) AddLanguage(ctx context.Context, fallback, tag, copyFrom string) (string, error) {
	tag, err := ParseTag(tag)
	if err != nil {
		return "", err
	}
	return tag, s.work(ctx, fallback, func(tx *db.Tx, d *desk) error {
		if d.after.knows(tag) {
			return fmt.Errorf("%w: %s", ErrExists, tag)
		}
		if err := putLanguage(tx, tag, Own{}); err != nil {
			return err
		}
		if copyFrom != "" {
			if err := s.copy(tx, d, copyFrom, tag); err != nil {
				return err
			}
		}
		return s.tell(tx, tag, LanguageAdded)
	})
}

// copy makes drafts of another language's words. What a language calls itself is not among them.
func (s *Store) copy(tx *db.Tx, d *desk, from, to string) error {
	if !d.after.knows(from) {
		return errUnknownLanguage(from)
	}
	for _, key := range s.house.keys {
		p := d.after.at(from, key)
		if p == nil || p.words == "" || key == "language.name" {
			continue
		}
		r := row{language: to, key: key, author: event.Actor(tx.Context())}
		r.Words = p.words
		r.Source, r.SourceLanguage = d.sourceOf(to, key)
		if err := put(tx, r, true); err != nil {
			return err
		}
	}
	return nil
}

// RemoveLanguage removes a language that was added, with its drafts. What was published of it stays in the versions and
// comes back with them.
func (s *Store) RemoveLanguage(ctx context.Context, fallback, tag string) error {
	return s.work(ctx, fallback, func(tx *db.Tx, d *desk) error {
		switch {
		case !d.after.knows(tag):
			return errUnknownLanguage(tag)
		case slices.Contains(s.house.languages, tag):
			return ErrBuiltIn
		case tag == d.fallback:
			return ErrDefault
		}
		v := Version{At: tx.Now, Author: event.Actor(tx.Context()), Restored: -1}
		for at, r := range d.published {
			if at.language == tag {
				v.Changes = append(v.Changes, Changed{Language: at.language, Key: at.key, From: &r.made})
			}
		}
		for at := range d.drafts {
			if at.language == tag {
				if err := drop(tx, at.language, at.key, true); err != nil {
					return err
				}
			}
		}
		if _, err := tx.Exec(`DELETE FROM text_languages WHERE tag = $1`, tag); err != nil {
			return fmt.Errorf("remove a language of texts: %w", err)
		}
		if len(v.Changes) > 0 {
			if _, err := s.write(tx, v, false); err != nil {
				return err
			}
		}
		if err := renew(tx, published, drafted); err != nil {
			return err
		}
		return s.tell(tx, tag, LanguageRemoved)
	})
}

// SetLanguage switches a language on or off, and says whether a native speaker has reviewed it.
func (s *Store) SetLanguage(ctx context.Context, fallback, tag string, enabled, reviewed bool) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		c, err := s.In(tx)
		if err != nil {
			return err
		}
		if !c.knows(tag) {
			return errUnknownLanguage(tag)
		}
		if !enabled && tag == c.Match(fallback).fallback {
			return ErrDefault
		}
		old, ok := c.own[tag]
		if !ok {
			old.Enabled = true
		}
		next := Own{Enabled: enabled}
		switch {
		case reviewed && old.ReviewedBy != "":
			next.ReviewedBy, next.ReviewedAt = old.ReviewedBy, old.ReviewedAt
		case reviewed:
			next.ReviewedBy, next.ReviewedAt = event.Actor(tx.Context()), tx.Now
		}
		if next == old {
			return nil
		}
		if err := putLanguage(tx, tag, next); err != nil {
			return err
		}
		if next.Enabled != old.Enabled {
			if err := s.tell(tx, tag, map[bool]event.Kind{true: LanguageEnabled, false: LanguageDisabled}[next.Enabled]); err != nil {
				return err
			}
		}
		if (next.ReviewedBy != "") != (old.ReviewedBy != "") {
			return s.tell(tx, tag, map[bool]event.Kind{true: LanguageReviewed, false: LanguageNotReviewed}[reviewed])
		}
		return nil
	})
}

// readmit brings a language back that was removed, when its words come back.
func (s *Store) readmit(tx *db.Tx, d *desk, tag string) error {
	if d.before.knows(tag) || d.readmitted[tag] {
		return nil
	}
	d.readmitted[tag] = true
	if err := putLanguage(tx, tag, Own{}); err != nil {
		return err
	}
	return s.tell(tx, tag, LanguageAdded)
}

func (s *Store) tell(tx *db.Tx, tag string, what event.Kind) error {
	return s.events.Add(tx, event.Event{Kind: what, Params: map[string]string{"language": tag}})
}
