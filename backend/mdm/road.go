package mdm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.org/gatehouse/backend/db"
)

// road is a way to the rows of a page. Which is the shortest depends on how many rows are what is asked for, and that
// nobody knows before. An index that finds few rows is the shortest of all. Where many rows fit, which some of them tell,
// a little way along the order of the list fills the page; when it does not, or where few fit, those are found from the
// side of the conditions and sorted.
type road struct {
	where *where
	order sorting
	// statement selects n and the key k in the order of the list; the limit comes behind it.
	statement string
	// next is the road to take when this one did not fill the page; nil if it led past all rows.
	next func() (*road, error)
}

// chooseRoad decides how a page is found.
func chooseRoad(tx *db.Tx, q ListQuery, m Moment) (*road, error) {
	w, err := gather(q, m)
	if err != nil {
		return nil, err
	}
	o, err := orderOf(q.Sort, w)
	if err != nil {
		return nil, err
	}
	c := crossing{tx: tx, w: w, o: o, rows: q.Offset + q.Limit}
	if q.After != "" {
		key, n, err := parseCursor(o, q.After)
		if err != nil {
			return nil, err
		}
		c.after = true
		c.seen, _ = key.(int64)
		c.key, c.n = w.arg(key), w.arg(n)
	}
	found, err := c.found()
	switch {
	case err != nil:
		return nil, err
	case found != nil:
		return c.indexed(found...), nil
	case o.words:
		return c.byWords()
	case o.key == seenKey:
		return c.byHours()
	}
	return c.byNumbers()
}

// seenKey is the one number that lists are sorted by and that has an index, by the hour.
const seenKey = `e.last_seen_at`

// crossing is where the road is chosen.
type crossing struct {
	tx     *db.Tx
	w      *where
	o      sorting
	rows   int // that are wanted, with those before them
	after  bool
	seen   int64  // the cursor's key, when it is a number
	key, n string // the parameters of the cursor
}

// path writes the statement of a road: rows from these tables under these conditions, in the order of the list.
func (c crossing) path(from, row, key string, conditions ...string) *road {
	if c.after {
		conditions = append(conditions, `(`+key+`, `+row+`) `+c.o.compare+` (`+c.key+`, `+c.n+`)`)
	}
	statement := `SELECT ` + row + ` AS n, ` + key + ` AS k FROM ` + from
	if len(conditions) > 0 {
		statement += ` WHERE ` + strings.Join(conditions, ` AND `)
	}
	statement += ` ORDER BY ` + key + ` ` + c.o.direction + `, ` + row + ` ` + c.o.direction
	return &road{where: c.w, order: c.o, statement: statement}
}

// indexed is the road of the rows that these conditions on enrollments find in an index.
func (c crossing) indexed(found ...string) *road {
	from := `enrollments e`
	conditions := append(found, c.w.numbers...)
	if c.w.wordy() || c.o.words {
		from += ` CROSS JOIN listed l`
		conditions = append(append(conditions, `l.n = e.n`), c.w.onWords(true)...)
	}
	return c.path(from, `e.n`, c.o.key, conditions...)
}

// found are conditions for which an index finds few rows, and all that are asked for; nil when there are none.
func (c crossing) found() ([]string, error) {
	for _, column := range slices.Sorted(maps.Keys(c.w.narrow)) {
		found := c.w.narrow[column]
		n, err := c.w.count(c.tx, `SELECT 1 FROM enrollments e WHERE `+strings.Join(found, ` AND `)+` LIMIT `+c.w.arg(few+1))
		if err != nil {
			return nil, err
		}
		if n <= few {
			return slices.Clone(found), nil
		}
	}
	return nil, nil
}

// byWords is the road in the order of a word, which has an index.
func (c crossing) byWords() (*road, error) {
	way := c.path(`listed l`, `l.n`, c.o.key)
	if !c.w.wordy() && len(c.w.numbers) == 0 {
		return way, nil
	}
	steps, err := c.steps(true, true)
	if err != nil || steps == 0 {
		return c.far(err)
	}
	return c.along(way.statement+` LIMIT `+c.w.arg(steps), true), nil
}

// byNumbers is the road in the order of a number: all of them are looked at, and then words as far as needed.
func (c crossing) byNumbers() (*road, error) {
	way := c.path(`enrollments e`, `e.n`, c.o.key, c.w.numbers...)
	if !c.w.wordy() {
		edge, err := c.edge()
		if err != nil || edge == "" {
			return way, err
		}
		r := c.path(`enrollments e`, `e.n`, c.o.key, append([]string{edge}, c.w.numbers...)...)
		r.next = func() (*road, error) { return way, nil }
		return r, nil
	}
	steps, err := c.steps(true, false)
	if err != nil || steps == 0 {
		return c.far(err)
	}
	return c.along(way.statement+` LIMIT `+c.w.arg(steps), false), nil
}

// byHours is the road in the order of the last contact: the rows of the first hours.
func (c crossing) byHours() (*road, error) {
	steps, err := c.steps(true, true)
	if err != nil || steps == 0 {
		r, failed := c.byNumbers()
		return r, errors.Join(err, failed)
	}
	hours := `1 = 1`
	if c.after {
		hours = `e.seen_hour ` + c.o.compare + `= ` + c.w.arg(hourOf(c.seen))
	}
	var edge int64
	statement, args := c.w.use(`SELECT e.seen_hour FROM enrollments e WHERE ` + hours + ` ORDER BY e.seen_hour ` + c.o.direction + ` LIMIT 1 OFFSET ` + c.w.arg(steps))
	err = c.tx.Row(statement, args...).Scan(&edge)
	if errors.Is(err, sql.ErrNoRows) {
		return c.byNumbers() // the list is short
	}
	if err != nil {
		return nil, err
	}
	hours += ` AND e.seen_hour ` + map[string]string{">": "<= ", "<": ">= "}[c.o.compare] + c.w.arg(edge)
	n, err := c.w.count(c.tx, `SELECT 1 FROM enrollments e WHERE `+hours+` LIMIT `+c.w.arg(steps+2*near+1))
	if err != nil {
		return nil, err
	}
	if n > steps+2*near { // an hour in which very many called
		return c.byNumbers()
	}
	r := c.path(`enrollments e`, `e.n`, c.o.key, append([]string{hours}, c.w.numbers...)...)
	if c.w.wordy() {
		r = c.along(r.statement+` LIMIT `+c.w.arg(steps), false)
	}
	r.next = c.byNumbers
	return r, nil
}

// edge guesses from some rows a key that few rows of the list come before, but enough for the page: to compare with it
// costs less than to sort all rows. It is empty when the list is short, or few rows fit.
func (c crossing) edge() (string, error) {
	var most sql.NullInt64
	if err := c.tx.Row(`SELECT MAX(n) FROM enrollments`).Scan(&most); err != nil || most.Int64 < near {
		return "", err
	}
	place := 2*c.rows*sample/int(most.Int64) + sample/200
	some := c.path(`(SELECT * FROM enrollments ORDER BY n LIMIT `+c.w.arg(sample)+`) e`, `e.n`, c.o.key, c.w.numbers...)
	var n, key int64
	statement, args := c.w.use(some.statement + ` LIMIT 1 OFFSET ` + c.w.arg(place))
	err := c.tx.Row(statement, args...).Scan(&n, &key)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return c.o.key + ` ` + c.o.upTo() + ` ` + c.w.arg(key), err
}

// along takes the first rows in the order of the list, and of those the ones that are what is asked for.
func (c crossing) along(first string, numbers bool) *road {
	from := `(` + first + `) t`
	var conditions []string
	if c.w.wordy() {
		from += ` CROSS JOIN listed l`
		conditions = append(append(conditions, `l.n = t.n`), c.w.onWords(true)...)
	}
	if numbers && len(c.w.numbers) > 0 {
		from += ` CROSS JOIN enrollments e`
		conditions = append(append(conditions, `e.n = t.n`), c.w.numbers...)
	}
	statement := `SELECT t.n, t.k FROM ` + from + ` WHERE ` + strings.Join(conditions, ` AND `) +
		` ORDER BY t.k ` + c.o.direction + `, t.n ` + c.o.direction
	return &road{where: c.w, order: c.o, statement: statement, next: func() (*road, error) { return c.far(nil) }}
}

// steps guesses from some rows how far to go along the order of the list until the page is full; 0 is too far.
func (c crossing) steps(words, numbers bool) (int, error) {
	share := 1.0
	for _, half := range []struct {
		asked      bool
		from       string
		conditions []string
	}{{words, `(SELECT * FROM listed ORDER BY n LIMIT ` + c.w.arg(sample) + `) l`, c.w.onWords(true)}, {numbers, `(SELECT * FROM enrollments ORDER BY n LIMIT ` + c.w.arg(sample) + `) e`, c.w.numbers}} {
		if !half.asked || len(half.conditions) == 0 {
			continue
		}
		all, err := c.w.count(c.tx, `SELECT 1 FROM `+half.from)
		if err != nil || all == 0 {
			return 0, err
		}
		fit, err := c.w.count(c.tx, `SELECT 1 FROM `+half.from+` WHERE `+strings.Join(half.conditions, ` AND `))
		if err != nil {
			return 0, err
		}
		share *= float64(fit) / float64(all)
	}
	way := 2 * float64(c.rows) / share // a sample is not the whole, and words run in flocks
	if way > float64(2*near+2*c.rows) {
		return 0, nil
	}
	return int(way) + sample/10, nil
}

// far finds the rows from the side of the conditions, and sorts them.
func (c crossing) far(err error) (*road, error) {
	if err != nil {
		return nil, err
	}
	key := c.o.key
	if c.o.words {
		key += ` || ''` // the index of the order would be walked to its end
	}
	conditions := c.w.all(false)
	if len(c.w.numbers) == 0 && c.o.words {
		return c.path(`listed l`, `l.n`, key, conditions...), nil
	}
	conditions = append(conditions, `e.n = l.n`)
	words, err := c.fewWords()
	if err != nil {
		return nil, err
	}
	if words {
		return c.path(`listed l CROSS JOIN enrollments e`, `l.n`, key, conditions...), nil
	}
	return c.path(`enrollments e CROSS JOIN listed l`, `e.n`, key, conditions...), nil
}

// fewWords says that the words leave fewer rows than the numbers are likely to.
func (c crossing) fewWords() (bool, error) {
	if c.w.search != "" || len(c.w.numbers) == 0 {
		return true, nil
	}
	var narrow []string
	for _, t := range c.w.words {
		if t.narrow {
			narrow = append(narrow, t.String())
		}
	}
	if len(narrow) == 0 {
		return false, nil
	}
	n, err := c.w.count(c.tx, `SELECT 1 FROM listed l WHERE `+strings.Join(narrow, ` AND `)+` LIMIT `+c.w.arg(few+1))
	return n <= few, err
}

// count counts the rows of a statement.
func (w *where) count(tx *db.Tx, statement string) (n int, err error) {
	statement, args := w.use(`SELECT COUNT(*) FROM (` + statement + `) x`)
	err = tx.Row(statement, args...).Scan(&n)
	return n, err
}

// Count says how many enrollments a list has; order and place do not matter.
func (s *Server) Count(ctx context.Context, q ListQuery) (n int, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		n, err = s.count(tx, q)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count enrollments: %w", err)
	}
	return n, nil
}

func (s *Server) count(tx *db.Tx, q ListQuery) (int, error) {
	m, err := s.moment(tx)
	if err != nil {
		return 0, err
	}
	w, err := gather(q, m)
	if err != nil {
		return 0, err
	}
	from, _, err := crossing{tx: tx, w: w}.from()
	if err != nil {
		return 0, err
	}
	return w.count(tx, `SELECT 1 FROM `+from)
}

// from are the tables of a list with its conditions, whatever the order, and the name of the row's number.
func (c crossing) from() (from, row string, err error) {
	found, err := c.found()
	if err != nil {
		return "", "", err
	}
	conditions := append(c.w.all(found != nil), found...)
	tables, row := `enrollments e`, `e.n`
	switch {
	case found != nil:
		if c.w.wordy() {
			tables = `enrollments e CROSS JOIN listed l`
			conditions = append(conditions, `l.n = e.n`)
		}
	case c.w.wordy() && len(c.w.numbers) == 0:
		tables, row = `listed l`, `l.n`
	case c.w.wordy():
		conditions = append(conditions, `e.n = l.n`)
		few, err := c.fewWords()
		if err != nil {
			return "", "", err
		}
		tables = `enrollments e CROSS JOIN listed l`
		if few {
			tables = `listed l CROSS JOIN enrollments e`
		}
	}
	if len(conditions) > 0 {
		tables += ` WHERE ` + strings.Join(conditions, ` AND `)
	}
	return tables, row, nil
}

// wholeRoad leads past all rows of a list.
func wholeRoad(tx *db.Tx, q ListQuery, m Moment) (*road, error) {
	w, err := gather(q, m)
	if err != nil {
		return nil, err
	}
	o, err := orderOf(q.Sort, w)
	if err != nil {
		return nil, err
	}
	c := crossing{tx: tx, w: w, o: o}
	switch {
	case !w.wordy() && !o.words:
		return c.path(`enrollments e`, `e.n`, o.key, w.numbers...), nil
	case !w.wordy() && len(w.numbers) == 0:
		return c.path(`listed l`, `l.n`, o.key), nil
	}
	return c.far(nil)
}
