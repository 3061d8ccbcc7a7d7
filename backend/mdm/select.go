package mdm

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// IDs are the enrollments of a list, all of them, in no order.
func (s *Server) IDs(ctx context.Context, q ListQuery) ([]string, error) {
	var ids []string
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		ids, err = s.ids(tx, q)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("choose enrollments: %w", err)
	}
	return ids, nil
}

func (s *Server) ids(tx *db.Tx, q ListQuery) ([]string, error) {
	m, err := s.moment(tx)
	if err != nil {
		return nil, err
	}
	w, err := gather(q, m)
	if err != nil {
		return nil, err
	}
	from, row, err := crossing{tx: tx, w: w}.from()
	if err != nil {
		return nil, err
	}
	statement, args := w.use(`SELECT x.id FROM enrollments x WHERE x.n IN (SELECT ` + row + ` FROM ` + from + `)`)
	return column(tx, statement, args...)
}

// Each hears every enrollment of a list, in its order, at one moment in time.
func (s *Server) Each(ctx context.Context, q ListQuery, hear func(*Enrollment, Moment) error) error {
	err := s.db.View(ctx, func(tx *db.Tx) error {
		m, err := s.moment(tx)
		if err != nil {
			return err
		}
		r, err := wholeRoad(tx, q, m)
		if err != nil {
			return err
		}
		statement, args := r.where.use(`
			SELECT w.k, w.n, ` + enrollmentColumns + `
			FROM (` + r.statement + `) w
			CROSS JOIN enrollments e ` + enrollmentTables + ` AND e.n = w.n
			ORDER BY w.k ` + r.order.direction + `, w.n ` + r.order.direction)
		rows, err := tx.Rows(statement, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		var key, n string
		for rows.Next() {
			e, err := scan(rows, &key, &n)
			if err != nil {
				return err
			}
			if err := hear(&e, m); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil {
		return fmt.Errorf("read all enrollments of a list: %w", err)
	}
	return nil
}

// Search is what a pasted list leads to.
type Search struct {
	IDs      []string
	Lines    int
	NotFound []string
	Several  []Several
}

// Several is a line that names more than one enrollment.
type Several struct {
	Line  string
	Count int
}

// Find looks for the enrollments that the lines of a text name: by id, by name or nickname of the phone, by the person's
// name or identifier, by the account. Archived ones are not looked at.
func (s *Server) Find(ctx context.Context, text string) (Search, error) {
	var found Search
	err := s.db.View(ctx, func(tx *db.Tx) error {
		found = Search{}
		seen := map[string]bool{}
		for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' || r == '\t' || r == ';' }) {
			line = strings.Trim(strings.TrimSpace(line), `"'`)
			if line == "" {
				continue
			}
			found.Lines++
			ids, err := named(tx, line)
			if err != nil {
				return err
			}
			switch len(ids) {
			case 0:
				if !slices.Contains(found.NotFound, line) {
					found.NotFound = append(found.NotFound, line)
				}
				continue
			case 1:
			default:
				found.Several = append(found.Several, Several{line, len(ids)})
			}
			for _, id := range ids {
				if !seen[id] {
					seen[id] = true
					found.IDs = append(found.IDs, id)
				}
			}
		}
		return nil
	})
	if err != nil {
		return Search{}, fmt.Errorf("find pasted names: %w", err)
	}
	return found, nil
}

// named are the enrollments that go by a name.
func named(tx *db.Tx, name string) ([]string, error) {
	folded := sortText(name)
	return column(tx, `
		SELECT e.id
		FROM enrollments e
		WHERE e.stage <> 'archived' AND (e.id = $1 OR e.person = $2 OR e.n IN (
			SELECT n FROM listed WHERE by_name = $2
			UNION SELECT n FROM listed WHERE by_nickname = $2
			UNION SELECT n FROM listed WHERE by_person = $2
			UNION SELECT n FROM listed WHERE by_account = $2))
		ORDER BY e.n`, strings.ToUpper(name), folded)
}

// Keep pins enrollments, so that they are never proposed for clearing; without a reason it takes the pin away. Those of
// which that was new it gives back by the reason that they had before, "" if none.
func (s *Server) Keep(ctx context.Context, reason string, ids ...string) (map[string][]string, error) {
	reason = clean(reason)
	var before map[string][]string
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		before = map[string][]string{}
		for _, id := range ids {
			old, err := s.keepRecord(tx, id, reason)
			if err != nil {
				return err
			}
			if old != reason {
				before[old] = append(before[old], id)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("pin enrollments: %w", err)
	}
	return before, nil
}

// keepRecord pins an enrollment, and gives the reason that it had before.
func (s *Server) keepRecord(tx *db.Tx, id, reason string) (string, error) {
	e, err := get(tx, id)
	if err != nil || e.Kept.Reason == reason {
		return reason, err
	}
	kind, by, at := Unpinned, "", int64(0)
	if reason != "" {
		kind, by, at = Pinned, event.Actor(tx.Context()), db.Millis(tx.Now)
	}
	_, err = tx.Exec(`
		INSERT INTO remarks (enrollment, notes, fields, tags, keep_reason, kept_by, kept_at) VALUES ($1, '', '', '', $2, $3, $4)
		ON CONFLICT (enrollment) DO UPDATE SET keep_reason = excluded.keep_reason, kept_by = excluded.kept_by, kept_at = excluded.kept_at`,
		id, reason, by, at)
	if err == nil {
		_, err = tx.Exec(`UPDATE enrollments SET kept = $1 WHERE id = $2`, reason != "", id)
	}
	if err != nil {
		return "", fmt.Errorf("pin %s: %w", id, err)
	}
	return e.Kept.Reason, s.events.Add(tx, event.Event{Kind: kind, Enrollment: id, Attempt: e.Attempt, Person: e.Person, Params: map[string]string{"reason": reason}})
}
