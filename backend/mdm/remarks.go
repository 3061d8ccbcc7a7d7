package mdm

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// OwnFields is how many fields of their own administrators have for each phone.
const OwnFields = 10

// How long what people write may be, in characters.
const (
	NicknameLength = 60
	TagLength      = 40
	TagsMost       = 30
	NotesLength    = 4000
	FieldLength    = 200
)

// Remarks are what people wrote about a phone, as opposed to what it told.
type Remarks struct {
	Nickname string // what its person or an administrator calls it
	Notes    string
	Tags     []string // as they were written, sorted
	Fields   [OwnFields]string
}

// RemarksChange changes remarks. What is nil stays.
type RemarksChange struct {
	Nickname, Notes *string
	Fields          map[int]string // by their number, from 1
	Tags            *[]string      // these and no others
	Tag, Untag      []string
}

// RemarkError says which remark cannot be kept, and why.
type RemarkError struct{ Field, Problem string }

func (e *RemarkError) Error() string { return "mdm: " + e.Field + ": " + e.Problem }

func (c RemarksChange) check() error {
	for _, t := range []struct {
		field string
		text  *string
		most  int
	}{{"nickname", c.Nickname, NicknameLength}, {"notes", c.Notes, NotesLength}} {
		if t.text != nil && len([]rune(*t.text)) > t.most {
			return &RemarkError{t.field, "too_long"}
		}
	}
	for i, text := range c.Fields {
		if i < 1 || i > OwnFields {
			return &RemarkError{fmt.Sprintf("field%d", i), "not_known"}
		}
		if len([]rune(text)) > FieldLength {
			return &RemarkError{fmt.Sprintf("field%d", i), "too_long"}
		}
	}
	tags := c.Tag
	if c.Tags != nil {
		tags = append(slices.Clone(tags), *c.Tags...)
	}
	for _, tag := range tags {
		if n := len([]rune(strings.TrimSpace(tag))); n > TagLength {
			return &RemarkError{"tags", "too_long"}
		}
		if strings.ContainsAny(tag, ",|\n") {
			return &RemarkError{"tags", "control"}
		}
	}
	return nil
}

// Remark changes what is written about phones, and says about which: of others it was true already.
func (s *Server) Remark(ctx context.Context, c RemarksChange, ids ...string) ([]string, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	changed, err := s.eachOf(ctx, ids, func(tx *db.Tx, id string) (bool, error) { return s.remark(tx, id, c) })
	if err != nil {
		return nil, fmt.Errorf("remark on phones: %w", err)
	}
	return changed, nil
}

// eachOf changes enrollments in one transaction and says which of them were changed.
func (s *Server) eachOf(ctx context.Context, ids []string, change func(*db.Tx, string) (bool, error)) ([]string, error) {
	var changed []string
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		changed = nil
		for _, id := range ids {
			done, err := change(tx, id)
			if err != nil {
				return err
			}
			if done {
				changed = append(changed, id)
			}
		}
		return nil
	})
	return changed, err
}

func (s *Server) remark(tx *db.Tx, id string, c RemarksChange) (bool, error) {
	n, old, err := remarksOf(tx, id)
	if err != nil {
		return false, err
	}
	next := old.with(c)
	if len(next.Tags) > TagsMost {
		return false, &RemarkError{"tags", "too_many"}
	}
	what := old.difference(next)
	if len(what) == 0 {
		return false, nil
	}
	if err := writeRemarks(tx, id, n, next); err != nil {
		return false, err
	}
	p, err := find(tx, id)
	if err != nil {
		return false, err
	}
	return true, s.events.Add(tx, event.Event{
		Kind: Remarked, Enrollment: id, Attempt: p.attempt, Person: p.person, Params: map[string]string{"what": strings.Join(what, ", ")},
	})
}

// with gives the remarks after a change.
func (r Remarks) with(c RemarksChange) Remarks {
	if c.Nickname != nil {
		r.Nickname = clean(*c.Nickname)
	}
	if c.Notes != nil {
		r.Notes = strings.TrimSpace(cleanLines(*c.Notes))
	}
	for i, text := range c.Fields {
		r.Fields[i-1] = clean(text)
	}
	tags, add := slices.Clone(r.Tags), c.Tag
	if c.Tags != nil {
		tags, add = nil, append(slices.Clone(*c.Tags), c.Tag...)
	}
	for _, tag := range c.Untag {
		tags = slices.DeleteFunc(tags, func(t string) bool { return db.Fold(t) == db.Fold(tag) })
	}
	for _, tag := range add {
		same := func(t string) bool { return db.Fold(t) == db.Fold(tag) }
		if tag = clean(tag); tag != "" && !slices.ContainsFunc(tags, same) {
			tags = append(tags, tag)
		}
	}
	sortTags(tags)
	r.Tags = tags
	return r
}

func sortTags(tags []string) {
	slices.SortFunc(tags, func(a, b string) int { return cmp.Or(strings.Compare(db.Fold(a), db.Fold(b)), strings.Compare(a, b)) })
}

// difference names what is not the same. The words themselves stay out of the audit trail: they may be about a person.
func (r Remarks) difference(next Remarks) []string {
	var what []string
	if r.Nickname != next.Nickname {
		what = append(what, "nickname")
	}
	if r.Notes != next.Notes {
		what = append(what, "notes")
	}
	if !slices.Equal(r.Tags, next.Tags) {
		what = append(what, "tags")
	}
	for i := range r.Fields {
		if r.Fields[i] != next.Fields[i] {
			what = append(what, fmt.Sprintf("field%d", i+1))
		}
	}
	return what
}

// clean is what was typed on one line: no control characters, no spaces around it.
func clean(s string) string {
	return strings.Join(strings.Fields(cleanLines(s)), " ")
}

// cleanLines takes what no text has and no database takes, and leaves lines.
func cleanLines(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "\uFFFD"))
}

func remarksOf(tx *db.Tx, id string) (n int64, r Remarks, err error) {
	var fields, tags string
	err = tx.Row(`
		SELECT e.n, d.nickname, COALESCE(r.notes, ''), COALESCE(r.fields, ''), COALESCE(r.tags, '')
		FROM enrollments e JOIN devices d ON d.enrollment = e.id LEFT JOIN remarks r ON r.enrollment = e.id
		WHERE e.id = $1`, id).Scan(&n, &r.Nickname, &r.Notes, &fields, &tags)
	if err != nil {
		return 0, r, unknown(id, err)
	}
	return n, r, r.read(fields, tags)
}

// read takes the lists from how they are stored.
func (r *Remarks) read(fields, tags string) error {
	for _, l := range []struct {
		document string
		list     any
	}{{fields, &r.Fields}, {tags, &r.Tags}} {
		if l.document == "" {
			continue
		}
		if err := json.Unmarshal([]byte(l.document), l.list); err != nil {
			return fmt.Errorf("read remarks: %w", err)
		}
	}
	return nil
}

// writeRemarks stores remarks and what lists know of them.
func writeRemarks(tx *db.Tx, id string, n int64, r Remarks) error {
	fields, err := json.Marshal(r.Fields)
	if err != nil {
		return err
	}
	tags, err := json.Marshal(append([]string{}, r.Tags...))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`
		INSERT INTO remarks (enrollment, notes, fields, tags, keep_reason, kept_by, kept_at) VALUES ($1, $2, $3, $4, '', '', 0)
		ON CONFLICT (enrollment) DO UPDATE SET notes = excluded.notes, fields = excluded.fields, tags = excluded.tags`,
		id, r.Notes, string(fields), string(tags))
	if err == nil {
		_, err = tx.Exec(`UPDATE devices SET nickname = $1 WHERE enrollment = $2`, r.Nickname, id)
	}
	if err == nil {
		_, err = tx.Exec(`DELETE FROM tags WHERE n = $1`, n)
	}
	for _, tag := range r.Tags {
		if err == nil {
			_, err = tx.Exec(`INSERT INTO tags (n, folded, tag) VALUES ($1, $2, $3) ON CONFLICT (n, folded) DO NOTHING`, n, db.Fold(tag), tag)
		}
	}
	if err != nil {
		return fmt.Errorf("store remarks: %w", err)
	}
	return index(tx, id)
}
