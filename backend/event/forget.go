package event

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.org/gatehouse/backend/db"
)

// Forget removes the events of an attempt and of an enrollment: of a rehearsal, of a stranger who only knocked, of a
// phone that is purged. If they were sealed, the trail says that so many were removed, and where; it does not say what
// they were about.
func (l *Log) Forget(tx *db.Tx, attempt, enrollment string) error {
	var places []int64
	for _, s := range []struct{ links, remove, id string }{
		{
			`SELECT l.place FROM events e JOIN links l ON l.seq = e.seq WHERE e.attempt = $1 AND e.attempt <> ''`,
			`DELETE FROM events WHERE attempt = $1 AND attempt <> ''`, attempt,
		},
		{
			`SELECT l.place FROM events e JOIN links l ON l.seq = e.seq WHERE e.enrollment = $1 AND e.enrollment <> ''`,
			`DELETE FROM events WHERE enrollment = $1 AND enrollment <> ''`, enrollment,
		},
	} {
		if s.id == "" {
			continue
		}
		sealed, err := numbers(tx, s.links, s.id)
		if err != nil {
			return fmt.Errorf("forget events: %w", err)
		}
		places = append(places, sealed...)
		if _, err := tx.Exec(s.remove, s.id); err != nil {
			return fmt.Errorf("forget events: %w", err)
		}
	}
	if len(places) == 0 {
		return nil
	}
	return l.Add(tx, Event{Kind: Forgotten, Params: map[string]string{
		"count": strconv.Itoa(len(places)), "places": ranges(places),
	}})
}

func numbers(tx *db.Tx, query string, args ...any) ([]int64, error) {
	rows, err := tx.Rows(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, rows.Err()
}

// ranges writes numbers as "3-7,12".
func ranges(list []int64) string {
	slices.Sort(list)
	var b strings.Builder
	for i := 0; i < len(list); {
		first := i
		for i++; i < len(list) && list[i] == list[i-1]+1; i++ {
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(list[first], 10))
		if i-first > 1 {
			b.WriteString("-" + strconv.FormatInt(list[i-1], 10))
		}
	}
	return b.String()
}

// span is a range of places.
type span struct{ first, last int64 }

// spans reads what ranges wrote. What is none of it names no place.
func spans(text string) []span {
	var list []span
	for part := range strings.SplitSeq(text, ",") {
		from, to, found := strings.Cut(part, "-")
		first, err := strconv.ParseInt(from, 10, 64)
		if err != nil {
			continue
		}
		last := first
		if found {
			if last, err = strconv.ParseInt(to, 10, 64); err != nil {
				continue
			}
		}
		list = append(list, span{first, last})
	}
	return list
}
