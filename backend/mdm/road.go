package mdm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"example.org/gatehouse/backend/db"
)

// road is a way to the rows of a page. Which is the shortest depends on how many rows are what is asked for, and that
// nobody knows before. So a list is first walked a little way in its order: when many rows fit, the page is full soon.
// When it does not get full, few rows fit, and those are found from the side of the conditions and sorted.
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
	c := crossing{tx: tx, w: w, o: o, steps: near + 2*q.Offset}
	if q.After != "" {
		key, n, err := parseCursor(o, q.After)
		if err != nil {
			return nil, err
		}
		c.after = true
		c.key, c.n = w.arg(key), w.arg(n)
	}
	switch {
	case !w.wordy() && (len(w.numbers) == 0 || !o.words):
		return c.alone(), nil
	case o.words:
		return c.nearWords()
	}
	many, err := c.many()
	if err != nil || !many {
		return c.far(err)
	}
	return c.nearNumbers(), nil
}

// crossing is where the road is chosen.
type crossing struct {
	tx     *db.Tx
	w      *where
	o      sorting
	steps  int
	after  bool
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

// alone is the road when one of the two tables knows all that is asked for.
func (c crossing) alone() *road {
	if c.o.words {
		return c.path(`listed l`, `l.n`, c.o.key)
	}
	return c.path(`enrollments e`, `e.n`, c.o.key, c.w.numbers...)
}

// nearWords walks the index of a word.
func (c crossing) nearWords() (*road, error) {
	var key string
	var n int64
	edge, args := c.w.use(c.path(`listed l`, `l.n`, c.o.key).statement + ` LIMIT 1 OFFSET ` + c.w.arg(c.steps))
	err := c.tx.Row(edge, args...).Scan(&n, &key)
	whole := errors.Is(err, sql.ErrNoRows)
	if err != nil && !whole {
		return nil, err
	}
	conditions := c.w.all(true)
	from := `listed l`
	if len(c.w.numbers) > 0 {
		from = `listed l CROSS JOIN enrollments e`
		conditions = append(conditions, `e.n = l.n`)
	}
	if whole {
		return c.path(from, `l.n`, c.o.key, conditions...), nil
	}
	back := map[string]string{">": "<=", "<": ">="}[c.o.compare]
	r := c.path(from, `l.n`, c.o.key, append(conditions, `(`+c.o.key+`, l.n) `+back+` (`+c.w.arg(key)+`, `+c.w.arg(n)+`)`)...)
	r.next = func() (*road, error) { return c.far(nil) }
	return r, nil
}

// nearNumbers takes the first rows by a number, and then looks at their words.
func (c crossing) nearNumbers() *road {
	first := c.path(`enrollments e`, `e.n`, c.o.key, c.w.numbers...).statement + ` LIMIT ` + c.w.arg(c.steps)
	conditions := append(c.w.onWords(true), `l.n = t.n`)
	statement := `SELECT t.n, t.k FROM (` + first + `) t CROSS JOIN listed l WHERE ` + strings.Join(conditions, ` AND `) +
		` ORDER BY t.k ` + c.o.direction + `, t.n ` + c.o.direction
	return &road{where: c.w, order: c.o, statement: statement, next: func() (*road, error) { return c.far(nil) }}
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

// many guesses, from some rows, whether the words leave many.
func (c crossing) many() (bool, error) {
	n, err := c.w.count(c.tx, `SELECT 1 FROM (SELECT * FROM listed ORDER BY n LIMIT `+c.w.arg(sample)+`) l WHERE `+strings.Join(c.w.onWords(true), ` AND `))
	return n*near >= sample*200, err
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
	conditions := c.w.all(false)
	tables, row := `enrollments e`, `e.n`
	switch {
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
	if !w.wordy() && (len(w.numbers) == 0 || !o.words) {
		return c.alone(), nil
	}
	return c.far(nil)
}
