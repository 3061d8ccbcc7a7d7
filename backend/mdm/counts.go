package mdm

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"example.org/gatehouse/backend/db"
)

// Counts says how many enrollments are in each state of Describe.
func (s *Server) Counts(ctx context.Context) (map[string]int, error) {
	var counts map[string]int
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		counts, err = s.counts(tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count enrollments: %w", err)
	}
	return counts, nil
}

func (s *Server) counts(tx *db.Tx) (map[string]int, error) {
	m, err := s.moment(tx)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	byStage := map[string]string{
		string(StageAuthenticated): Waiting, string(StageEnrolled): Managed, string(StageRemoved): Removed, string(StageArchived): Archived,
	}
	err = tally(tx, func(stage string, n int) { counts[byStage[stage]] += n }, `SELECT stage, COUNT(*) FROM enrollments GROUP BY stage`)
	if err != nil {
		return nil, err
	}
	// Of those under management, only some can be in another state: the others need not be looked at.
	w := &where{moment: m}
	statement, args := w.use(`
		SELECT x.code, COUNT(*)
		FROM (
			SELECT ` + w.stateCode() + ` AS code
			FROM enrollments e
			WHERE e.stage = 'enrolled'
			AND (e.last_seen_at < ` + w.arg(db.Millis(m.before(answersWithin))) + ` OR e.gone_at > 0
				OR e.identity_expires_at <= ` + w.arg(db.Millis(m.Now)) + `)) x
		GROUP BY x.code`)
	err = tally(tx, func(code string, n int) {
		for i, name := range Codes() {
			if code == fmt.Sprint(i+1) {
				counts[Managed] -= n
				counts[name] += n
			}
		}
	}, statement, args...)
	for code, n := range counts {
		if n == 0 {
			delete(counts, code)
		}
	}
	return counts, err
}

// facets counts folded values in an index, and finds for each how it is written.
func facets(tx *db.Tx, count, example string) ([]Facet, error) {
	var list []Facet
	if err := tally(tx, func(value string, n int) { list = append(list, Facet{value, n}) }, count); err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b Facet) int { return strings.Compare(a.Value, b.Value) })
	for i := range list {
		if err := tx.Row(example, list[i].Value).Scan(&list[i].Value); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Facet is a value, and how many enrollments have it.
type Facet struct {
	Value string
	Count int
}

// Facets are the values that filters offer.
type Facets struct {
	States                         map[string]int
	Models, Versions, Groups, Tags []Facet
}

// Facets counts the values of the columns of which there are few.
func (s *Server) Facets(ctx context.Context) (f Facets, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		f = Facets{}
		if f.States, err = s.counts(tx); err != nil {
			return err
		}
		for _, c := range []struct {
			list           *[]Facet
			count, example string
		}{
			{&f.Models, `SELECT by_model, COUNT(*) FROM listed GROUP BY by_model`, `
				SELECT d.model FROM listed l CROSS JOIN enrollments e CROSS JOIN devices d
				WHERE l.by_model = $1 AND e.n = l.n AND d.enrollment = e.id LIMIT 1`},
			{&f.Versions, `SELECT by_os, COUNT(*) FROM listed GROUP BY by_os`, `
				SELECT d.os_version FROM listed l CROSS JOIN enrollments e CROSS JOIN devices d
				WHERE l.by_os = $1 AND e.n = l.n AND d.enrollment = e.id LIMIT 1`},
			{&f.Groups, `SELECT by_group, COUNT(*) FROM listed WHERE by_group > '' GROUP BY by_group`, `
				SELECT d.group_name FROM listed l CROSS JOIN enrollments e CROSS JOIN devices d
				WHERE l.by_group = $1 AND e.n = l.n AND d.enrollment = e.id LIMIT 1`},
			{&f.Tags, `SELECT folded, COUNT(*) FROM tags GROUP BY folded`, `SELECT tag FROM tags WHERE folded = $1 ORDER BY n LIMIT 1`},
		} {
			if *c.list, err = facets(tx, c.count, c.example); err != nil {
				return err
			}
		}
		slices.SortStableFunc(f.Models, func(a, b Facet) int { return b.Count - a.Count })
		slices.SortFunc(f.Versions, func(a, b Facet) int { return strings.Compare(sortVersion(b.Value), sortVersion(a.Value)) })
		return nil
	})
	if err != nil {
		return Facets{}, fmt.Errorf("count the values of columns: %w", err)
	}
	return f, nil
}

// tally hears a name and a number for each row.
func tally(tx *db.Tx, hear func(string, int), statement string, args ...any) error {
	rows, err := tx.Rows(statement, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var n int
		if err := rows.Scan(&name, &n); err != nil {
			return err
		}
		hear(name, n)
	}
	return rows.Err()
}
