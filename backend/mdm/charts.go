package mdm

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
)

// Charts are numbers about all phones that are easier to look at than to read. Each comes with the filter of the list that
// finds its phones. Records that were erased are not in them.
type Charts struct {
	Weeks    []Week
	Versions []Versions // the newest first
	Seen     []Seen
}

// Week is how many phones enrolled, and how many left, in a week.
type Week struct {
	From, Until    time.Time
	Enrolled, Left Bar
}

// Versions is how many phones under management have a version, by major and minor number.
type Versions struct {
	Version string
	Bar
}

// Seen is how many phones under management were heard last so many days ago, of those in which they could reach us.
type Seen struct {
	From, Until int // days; Until 0: no end
	Bar
}

// Bar is a number, and the filter that finds its phones.
type Bar struct {
	Count  int
	Filter []Condition
}

const (
	// weeksShown is half a year.
	weeksShown = 26
	// quarter is what all time zones are multiples of.
	quarter = int64(15 * time.Minute / time.Millisecond)
)

// seenDays are the ends of the parts of Charts.Seen.
var seenDays = []int{1, 7, 30, 90}

// Charts counts. Weeks begin on Monday, as it is where somebody looks at them.
func (s *Server) Charts(ctx context.Context, zone *time.Location) (c Charts, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if c.Weeks, err = weeks(tx, zone); err != nil {
			return err
		}
		if c.Versions, err = versions(tx); err != nil {
			return err
		}
		c.Seen, err = s.seen(tx)
		return err
	})
	if err != nil {
		return Charts{}, fmt.Errorf("count for charts: %w", err)
	}
	return c, nil
}

// weeks counts in quarters of an hour, which belong to one week wherever one is.
func weeks(tx *db.Tx, zone *time.Location) ([]Week, error) {
	now := tx.Now.In(zone)
	monday := now.Day() - (int(now.Weekday())+6)%7
	var list []Week
	for i := range weeksShown {
		from := monday - 7*(weeksShown-1-i)
		w := Week{
			From:  time.Date(now.Year(), now.Month(), from, 0, 0, 0, 0, zone),
			Until: time.Date(now.Year(), now.Month(), from+7, 0, 0, 0, 0, zone),
		}
		during := func(column string) []Condition {
			return []Condition{{column, After, stamp(w.From)}, {column, Before, stamp(w.Until)}}
		}
		w.Enrolled.Filter, w.Left.Filter = during("enrolled_at"), during("ended_at")
		list = append(list, w)
	}
	put := func(part func(*Week) *int, statement string) error {
		return tally(tx, func(place string, n int) {
			q, _ := strconv.ParseInt(place, 10, 64)
			at := db.Time(q * quarter)
			i := slices.IndexFunc(list, func(w Week) bool { return at.Before(w.Until) })
			if i >= 0 {
				*part(&list[i]) += n
			}
		}, statement, quarter, db.Millis(list[0].From))
	}
	err := put(func(w *Week) *int { return &w.Enrolled.Count }, `
		SELECT enrolled_at / $1, COUNT(*) FROM enrollments WHERE enrolled_at >= $2 GROUP BY enrolled_at / $1`)
	if err == nil {
		err = put(func(w *Week) *int { return &w.Left.Count }, `
			SELECT ended_at / $1, COUNT(*) FROM enrollments WHERE ended_at >= $2 GROUP BY ended_at / $1`)
	}
	return list, err
}

// versions counts major and minor versions.
func versions(tx *db.Tx) ([]Versions, error) {
	all, err := systemsInUse(tx)
	if err != nil {
		return nil, err
	}
	counts := map[[2]int]int{}
	for _, one := range all {
		minor := 0
		if len(one.version) > 1 {
			minor = one.version[1]
		}
		counts[[2]int{one.version[0], minor}] += one.phones
	}
	var list []Versions
	for v, n := range counts {
		name, least := fmt.Sprintf("%d.%d", v[0], v[1]), strconv.Itoa(v[0]) // "26" comes before "26.0"
		if v[1] > 0 {
			least = name
		}
		next := fmt.Sprintf("%d.%d", v[0], v[1]+1)
		list = append(list, Versions{name, Bar{n, []Condition{{"os_version", AtLeast, least}, {"os_version", Before, next}, managed}}})
	}
	slices.SortFunc(list, func(a, b Versions) int { return strings.Compare(sortVersion(b.Version), sortVersion(a.Version)) })
	return list, nil
}

func (s *Server) seen(tx *db.Tx) ([]Seen, error) {
	m, err := s.moment(tx)
	if err != nil {
		return nil, err
	}
	w := &where{}
	var list []Seen
	parts := `CASE`
	from := 0
	for i, until := range seenDays {
		parts += ` WHEN last_seen_at >= ` + w.arg(db.Millis(m.before(time.Duration(until)*24*time.Hour))) + ` THEN ` + strconv.Itoa(i)
		list = append(list, heardBetween(from, until))
		from = until
	}
	parts += ` ELSE ` + strconv.Itoa(len(seenDays)) + ` END`
	list = append(list, heardBetween(from, 0))
	statement, args := w.use(`
		SELECT x.part, COUNT(*) FROM (SELECT ` + parts + ` AS part FROM enrollments WHERE stage = 'enrolled') x GROUP BY x.part`)
	err = tally(tx, func(part string, n int) {
		i, _ := strconv.Atoi(part)
		list[i].Count = n
	}, statement, args...)
	return list, err
}

func heardBetween(from, until int) Seen {
	s := Seen{From: from, Until: until, Bar: Bar{Filter: []Condition{managed}}}
	if from > 0 {
		s.Filter = append(s.Filter, Condition{"last_seen_at", OlderThan, strconv.Itoa(from)})
	}
	if until > 0 {
		s.Filter = append(s.Filter, Condition{"last_seen_at", Within, strconv.Itoa(until)})
	}
	return s
}
