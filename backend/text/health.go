package text

import (
	"context"
	"strconv"

	"example.org/gatehouse/backend/event"
)

// Health says which languages that phones are offered somebody should look at: no native speaker has read them, or texts
// are missing or were made from words that have changed since.
func (s *Store) Health(ctx context.Context, fallback string) []event.Finding {
	var unread, behind int
	err := s.look(ctx, fallback, func(d *desk) error {
		unread, behind = 0, 0
		for _, tag := range d.after.all.tags {
			l := d.standing(tag)
			if !l.Enabled {
				continue
			}
			if l.ReviewedBy == "" {
				unread++
			}
			if l.Missing > 0 || l.Outdated > 0 {
				behind++
			}
		}
		return nil
	})
	var found []event.Finding
	say := func(code string, level event.Level, n int) {
		if n > 0 {
			found = append(found, event.Finding{Code: code, Level: level, Params: map[string]string{"count": strconv.Itoa(n)}})
		}
	}
	if err != nil {
		say("languages_unreadable", event.Broken, 1)
		return found
	}
	say("languages_behind", event.Notice, behind)
	say("languages_unread", event.Notice, unread)
	return found
}
