package text

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Survey is how the texts stand: what an editor shows.
type Survey struct {
	Languages []Standing
	Default   string // the organization's default language
	Language  string // that the texts are in
	Texts     []Text
	Version   int64
	Terms     Terms
	Changes   int // drafts, in all languages
}

// Standing is how far a language has come.
type Standing struct {
	Tag, Name      string
	BuiltIn, RTL   bool
	Enabled        bool
	ReviewedBy     string // empty: no native speaker has read it
	ReviewedAt     time.Time
	Keys           int      // texts that it should have
	Missing        int      // that come in another language
	Draft          int      // drafts
	Outdated       int      // made from words that have changed since
	Over           int      // longer than their limit
	PluralForms    []string // that texts about numbers need
	Published, Own int      // texts that differ from what is built in, for phones and with drafts
}

// State says where the words of a text come from.
type State string

// The states of a text in a language.
const (
	StateBuiltIn   State = "built_in"
	StateDraft     State = "draft"
	StatePublished State = "published"
	StateMissing   State = "missing" // another language has to do
)

// Text is one text in one language, with all that an editor shows about it.
type Text struct {
	Key Key
	Entry
	Page      string
	Source    string  // the words of the default language at present
	BuiltIn   *string // in this language
	Published *string
	Draft     *string // empty: goes back to the words built in
	State     State
	Outdated  bool
	MadeFrom  string // of an outdated text: the words that it was made from
	Over      bool
	Author    string
	At        time.Time
	Problems  []Problem
}

// Survey looks at all languages, and at each text in one of them; an empty language is the default one.
func (s *Store) Survey(ctx context.Context, fallback, language string) (Survey, error) {
	var v Survey
	err := s.look(ctx, fallback, func(d *desk) error {
		if language = cmp.Or(language, d.fallback); !d.after.knows(language) {
			return errUnknownLanguage(language)
		}
		v = Survey{Default: d.fallback, Language: language, Version: d.before.version, Terms: d.before.Terms(), Changes: len(d.drafts)}
		for _, tag := range d.after.all.tags {
			v.Languages = append(v.Languages, d.standing(tag))
		}
		for _, key := range s.house.keys {
			v.Texts = append(v.Texts, d.text(spot{language, key}))
		}
		return nil
	})
	return v, err
}

// Look is one text in one language.
func (s *Store) Look(ctx context.Context, fallback, language string, key Key) (t Text, err error) {
	err = s.look(ctx, fallback, func(d *desk) error {
		if problems := d.impossible(Change{Language: language, Key: key}); len(problems) > 0 {
			return &RefusedError{problems}
		}
		t = d.text(spot{language, key})
		return nil
	})
	return t, err
}

func (d *desk) standing(tag string) Standing {
	c := d.after
	o, said := c.own[tag]
	s := Standing{
		Tag: tag, Name: c.Name(tag), BuiltIn: slices.Contains(c.house.languages, tag), RTL: newLanguage(tag, "").rtl,
		Enabled: o.Enabled || !said, ReviewedBy: o.ReviewedBy, ReviewedAt: o.ReviewedAt, PluralForms: forms(tag),
	}
	for _, key := range c.house.keys {
		at := spot{tag, key}
		if c.house.entries[key].Text != "" {
			s.Keys++
			if d.missing(at) {
				s.Missing++
			}
		}
		if _, ok := d.published[at]; ok {
			s.Published++
		}
		if _, ok := d.drafts[at]; ok {
			s.Draft++
		}
		if d.outdated(at) {
			s.Outdated++
		}
		if r, ok := d.own(at); ok {
			s.Own++
			if over(c.house.entries[key], r.Words) {
				s.Over++
			}
		}
	}
	return s
}

// missing says whether a text comes in another language. That of fr does for fr-CA.
func (d *desk) missing(at spot) bool {
	for _, tag := range d.after.house.family(at.language) {
		if p := d.after.at(tag, at.key); p != nil && p.words != "" {
			return false
		}
	}
	return true
}

// over says whether words are longer than their key allows.
func over(e Entry, words string) bool {
	if !e.Plural {
		return utf8.RuneCountInString(words) > e.Max
	}
	for line := range strings.Lines(words) {
		_, form, _ := strings.Cut(line, ":")
		if utf8.RuneCountInString(strings.TrimSpace(form)) > e.Max {
			return true
		}
	}
	return false
}

func (d *desk) text(at spot) Text {
	house := d.after.house
	e := house.entries[at.key]
	t := Text{Key: at.key, Entry: e, Page: page(at.key), Source: d.after.words(d.fallback, at.key), State: StateMissing, Outdated: d.outdated(at)}
	if p := house.words[at.language][at.key]; p != nil {
		t.BuiltIn = &p.words
	}
	if !d.missing(at) || e.Text == "" {
		t.State = StateBuiltIn
	}
	if r, ok := d.published[at]; ok {
		t.Published, t.State, t.Author, t.At = &r.Words, StatePublished, r.author, r.at
	}
	if r, ok := d.drafts[at]; ok {
		t.Draft, t.State, t.Author, t.At = &r.Words, StateDraft, r.author, r.at
	}
	if r, ok := d.own(at); ok {
		t.Over, t.Problems = over(e, r.Words), d.after.check(at.language, at.key, r.Words)
		if t.Outdated {
			t.MadeFrom = r.Source
		}
	} else if t.Outdated {
		t.MadeFrom = house.start(d.fallback, at.key)
	}
	return t
}

// pages are where texts are seen, by the beginning of their key; the longest beginning counts.
var pages = map[string]string{
	"language": "general", "default": "general", "g": "general", "signin.code": "code", "terms.declined": "declined", "e": "error",
	"n": "native", "f": "profile", "r": "again", "m": "my_device", "i": "mail",
}

// page is the page of the portal that shows a text.
func page(key Key) string {
	s := string(key)
	first, _, _ := strings.Cut(s, ".")
	long, _, _ := strings.Cut(s, "_")
	return cmp.Or(pages[long], pages[first], first)
}
