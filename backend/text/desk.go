package text

import (
	"cmp"
	"context"

	"example.org/gatehouse/backend/db"
)

// desk is all that lies on an editor's desk.
type desk struct {
	*papers
	fallback   string          // the organization's default language
	readmitted map[string]bool // languages that came back in this transaction
}

// papers are the words as they lie in the database. They never change.
type papers struct {
	published, drafts map[spot]row
	before, after     *Catalog // what phones see, and what they would see with all drafts
	revision          string   // of what phones see
}

// kept is papers, and the revision of the rows that they were made from.
type kept struct {
	revision string
	papers   *papers
}

// look lets fn look at the desk. fallback is the organization's default language, as it is set.
func (s *Store) look(ctx context.Context, fallback string, fn func(d *desk) error) error {
	return s.db.View(ctx, func(tx *db.Tx) error {
		p, revision, err := s.papers(tx)
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.desk, s.current = kept{revision, p}, cached{p.revision, p.before}
		s.mu.Unlock()
		return fn(p.desk(fallback))
	})
}

// work lets fn change what lies on the desk, in a transaction.
func (s *Store) work(ctx context.Context, fallback string, fn func(tx *db.Tx, d *desk) error) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		p, _, err := s.papers(tx) // not kept: the transaction may come to nothing
		if err != nil {
			return err
		}
		return fn(tx, p.desk(fallback))
	})
}

func (p *papers) desk(fallback string) *desk {
	return &desk{papers: p, fallback: p.before.Match(fallback).fallback, readmitted: map[string]bool{}}
}

func (s *Store) papers(tx *db.Tx) (*papers, string, error) {
	revision, err := revisionOf(tx, drafted)
	if err != nil {
		return nil, "", err
	}
	s.mu.Lock()
	last := s.desk
	s.mu.Unlock()
	if last.papers != nil && last.revision == revision {
		return last.papers, revision, nil
	}
	p := &papers{}
	if p.published, err = all(tx, false); err != nil {
		return nil, "", err
	}
	if p.drafts, err = all(tx, true); err != nil {
		return nil, "", err
	}
	if p.revision, p.before, err = s.published(tx); err != nil {
		return nil, "", err
	}
	before := p.before
	if last.papers != nil {
		before = last.papers.after
	}
	p.after, err = s.lay(tx, before, p.published, p.drafts)
	return p, revision, err
}

// built is the words built in; "" where there are none.
func (h *house) built(language string, key Key) string {
	if p := h.words[language][key]; p != nil {
		return p.words
	}
	return ""
}

// start is the words that somebody starts from who changes a text of the default language: those built in, or English.
func (h *house) start(language string, key Key) string {
	return cmp.Or(h.built(language, key), h.built(source, key))
}

// words are those that a reader of the language gets.
func (c *Catalog) words(language string, key Key) string {
	if p, _ := c.find(Language{tag: language, fallback: language}, key); p != nil {
		return p.words
	}
	return ""
}

// sourceOf is what words in a language are made from at present: those of the default language, which itself starts from
// what is built in.
func (d *desk) sourceOf(language string, key Key) (words, from string) {
	if language == d.fallback {
		return d.after.house.start(language, key), language
	}
	return d.after.words(d.fallback, key), d.fallback
}

// own is what somebody wrote for a text: the draft, else what is published. A draft that goes back to the words built in
// is none of somebody's own.
func (d *desk) own(at spot) (row, bool) {
	r, ok := d.drafts[at]
	if !ok {
		r, ok = d.published[at]
	}
	return r, ok && r.Words != ""
}

// outdated says whether what a text was made from has changed since. A translation that is built in was made from the
// words of the default language that are built in.
func (d *desk) outdated(at spot) bool {
	if r, ok := d.own(at); ok {
		return d.outdatedRow(r)
	}
	return d.stale(at.language, at.key)
}

func (d *desk) outdatedRow(r row) bool {
	if r.SourceLanguage == r.language {
		return r.Source != d.after.house.start(r.language, r.key)
	}
	return r.Source != d.after.words(r.SourceLanguage, r.key)
}

// stale says whether words that are built in are outdated: the default language has others than it was built with.
func (d *desk) stale(language string, key Key) bool {
	house := d.after.house
	return language != d.fallback && house.built(language, key) != "" && house.start(d.fallback, key) != d.after.words(d.fallback, key)
}
