package mdm

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/gatehouse/backend/db"
)

// road is a way to the rows of a page. Which is the shortest depends on how many rows are what is asked for, and that
// nobody knows before. An index that finds few rows is the shortest of all. One that finds more says which rows of the
// order to look at. Where many rows fit, which some of them tell, a little way along the order of the list fills the page;
// when it does not, or where few fit, those are found from the side of the conditions and sorted.
type road struct {
	where *where
	order sorting
	// statement selects n and the key k in the order of the list; the limit comes behind it.
	statement string
	// next is the road to take when this one did not fill the page; nil if it led past all rows.
	next func() (*road, error)
	// byState says that the page is probably full of one state, and only those are to be looked at; next, that it is not.
	byState bool
}

// chooseRoad decides how a page is found.
func chooseRoad(tx *db.Tx, q ListQuery, m Moment) (*road, error) {
	c, err := newCrossing(tx, q, m)
	if err != nil {
		return nil, err
	}
	c.rows = q.Offset + q.Limit
	if q.After != "" {
		key, n, err := parseCursor(c.o, q.After)
		if err != nil {
			return nil, err
		}
		c.after = true
		c.seen, _ = key.(int64)
		c.key, c.n = c.w.arg(key), c.w.arg(n)
	}
	sets, err := c.sets()
	switch {
	case err != nil:
		return nil, err
	case len(sets) > 0 && (sets[0].rows <= c.few() || sets[0].rows <= few && c.inAll(sets) < c.rows):
		return c.indexed(sets[0]), nil
	case c.o.key == seenKey:
		return c.byHours()
	case c.o.state && q.Offset == 0:
		return &road{byState: true, next: c.byNumbers}, nil
	case !c.o.indexed:
		return c.byNumbers()
	case len(sets) > 0:
		return c.among(sets)
	}
	return c.byOrder()
}

const (
	// seenKey is the one number that lists are sorted by and that has an index only by the hour.
	seenKey, hourKey = `e.last_seen_at`, `e.seen_hour`
	stageKey         = `e.stage`
)

// crossing is where the road is chosen.
type crossing struct {
	tx     *db.Tx
	w      *where
	o      sorting
	own    []test // conditions on the key of the order: only there it is walked
	most   int64  // rows there may be
	rows   int    // that are wanted, with those before them
	after  bool
	seen   int64  // the cursor's key, when it is a number
	key, n string // the parameters of the cursor
}

func newCrossing(tx *db.Tx, q ListQuery, m Moment) (crossing, error) {
	w, err := gather(q, m)
	if err != nil {
		return crossing{}, err
	}
	o, err := orderOf(q, w)
	if err != nil {
		return crossing{}, err
	}
	c := crossing{tx: tx, w: w, o: o}
	if err := tx.Row(`SELECT COALESCE(MAX(n), 0) FROM enrollments`).Scan(&c.most); err != nil {
		return crossing{}, err
	}
	for _, t := range slices.Concat(w.numbers, w.words) {
		if t.narrow && (t.key == o.key || q.inState && t.key == stageKey) {
			c.own = append(c.own, t)
		}
	}
	return c, nil
}

// the two halves of a list, and their row's number.
const (
	numbers, numbersRow = `enrollments e`, `e.n`
	words, wordsRow     = `listed l`, `l.n`
)

// path writes the statement of a road: rows from these tables under these conditions, in the order of the list.
func (c crossing) path(from, row, key string, conditions ...string) *road {
	conditions = slices.Clone(conditions)
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

// set are rows that an index finds; all that are asked for are among them.
type set struct {
	tests []test
	rows  int
}

func (s set) words() bool { return strings.HasPrefix(s.tests[0].key, `l.`) }

// statement selects the rows' numbers.
func (s set) statement() string {
	if s.tests[0].among != "" {
		return s.tests[0].among
	}
	from, row := numbers, numbersRow
	if s.words() {
		from, row = words, wordsRow
	}
	return `SELECT ` + row + ` FROM ` + from + ` WHERE ` + strings.Join(s.conditions(), ` AND `)
}

func (s set) conditions() (all []string) {
	for _, t := range s.tests {
		all = append(all, t.found())
	}
	return all
}

// sets are what indexes find, the smallest first, without those of more than many rows.
func (c crossing) sets() ([]set, error) {
	var all []set
	for _, t := range slices.Concat(c.w.hours, c.w.numbers, c.w.words) {
		if !t.narrow {
			continue
		}
		i := slices.IndexFunc(all, func(s set) bool { return s.tests[0].key == t.key && t.among == "" })
		if i < 0 {
			all = append(all, set{tests: []test{t}})
		} else {
			all[i].tests = append(all[i].tests, t)
		}
	}
	for i, s := range all {
		n, err := c.w.count(c.tx, s.statement()+` LIMIT `+c.w.arg(many+1))
		if err != nil {
			return nil, err
		}
		all[i].rows = n
	}
	all = slices.DeleteFunc(all, func(s set) bool { return s.rows > many })
	slices.SortStableFunc(all, func(a, b set) int { return cmp.Compare(a.rows, b.rows) })
	return all, nil
}

// inAll is how many rows are likely to be in all sets.
func (c crossing) inAll(sets []set) int {
	n := float64(c.most)
	for _, s := range sets {
		n *= float64(s.rows) / float64(c.most)
	}
	return int(n)
}

// few is how many rows it pays to fetch one by one: where the order has an index, it is an alternative.
func (c crossing) few() int {
	if c.o.indexed {
		return fewer
	}
	return few
}

// indexed is the road of the rows that an index finds.
func (c crossing) indexed(s set) *road {
	from, row, conditions := c.fetched(s)
	key := c.o.key
	if c.o.indexed {
		key += c.o.loose() // the index of the order would be walked to its end
	}
	return c.path(from, row, key, conditions...)
}

// fetched are the tables and conditions of the rows that an index finds.
func (c crossing) fetched(s set) (from, row string, conditions []string) {
	inNumbers, inWords := c.rest(s.tests)
	join, needed := words, len(inWords) > 0 || c.o.words
	from, row, conditions = numbers, numbersRow, s.conditions()
	switch {
	case s.tests[0].among != "":
		conditions = []string{`e.n IN (` + s.statement() + `)`}
	case s.words():
		from, row, join = words, wordsRow, numbers
		needed = len(inNumbers) > 0 || c.o.onNumbers()
	}
	if needed {
		from += ` CROSS JOIN ` + join
		conditions = append(conditions, `e.n = l.n`)
	}
	return from, row, slices.Concat(conditions, inNumbers, inWords)
}

// among walks along the order, notes the first rows that are in all sets, and looks at those.
func (c crossing) among(sets []set) (*road, error) {
	from, row := c.o.table()
	conditions := c.onKey()
	known := slices.Clone(c.own)
	for _, s := range sets {
		if slices.Contains(c.own, s.tests[0]) {
			continue
		}
		// In a CASE it stays a question to each row. PostgreSQL would make a join of it, and knows little of how many fit.
		conditions = append(conditions, `CASE WHEN (`+row+` + 0) IN (`+s.statement()+`) THEN 1 ELSE 0 END = 1`)
		known = append(known, s.tests...)
	}
	way := c.path(from, row, c.o.key, conditions...)
	inNumbers, inWords := c.rest(known)
	if len(inNumbers)+len(inWords) == 0 {
		return way, nil
	}
	steps, err := c.steps(inNumbers, inWords, set{tests: c.w.hours}.conditions()...)
	if err != nil || steps == 0 {
		return c.far(err)
	}
	return c.along(way.statement+` LIMIT `+c.w.arg(steps), inNumbers, inWords), nil
}

// onKey are the conditions on the key of the order.
func (c crossing) onKey() []string { return set{tests: c.own}.conditions() }

// rest are the conditions besides those that are known to hold.
func (c crossing) rest(known []test) (inNumbers, inWords []string) {
	open := func(tests []test) []string {
		return walked(slices.DeleteFunc(slices.Clone(tests), func(t test) bool { return slices.Contains(known, t) }))
	}
	inNumbers, inWords = open(c.w.numbers), open(c.w.words)
	if c.w.search != "" {
		inWords = append(inWords, c.w.search)
	}
	return inNumbers, inWords
}

// byOrder is the road along the order of the list, which has an index.
func (c crossing) byOrder() (*road, error) {
	from, row := c.o.table()
	way := c.path(from, row, c.o.key, c.onKey()...)
	inNumbers, inWords := c.rest(c.own)
	if len(inNumbers)+len(inWords) == 0 {
		return way, nil
	}
	steps, err := c.steps(inNumbers, inWords)
	if err != nil || steps == 0 {
		return c.far(err)
	}
	r := c.along(way.statement+` LIMIT `+c.w.arg(steps), inNumbers, inWords)
	if steps < near/4 { // most rows fit, but perhaps not the first ones: a longer way still costs less than all
		next := r.next
		r.next = func() (*road, error) {
			long := c.along(way.statement+` LIMIT `+c.w.arg(near+steps), inNumbers, inWords)
			long.next = next
			return long, nil
		}
	}
	return r, nil
}

// byNumbers is the road in the order of a number without an index: all of them are looked at, and then words as far as
// needed.
func (c crossing) byNumbers() (*road, error) {
	inNumbers, inWords := c.rest(nil)
	way := c.path(numbers, numbersRow, c.o.key, inNumbers...)
	if len(inWords) == 0 {
		edge, err := c.edge(inNumbers)
		if err != nil || edge == "" {
			return way, err
		}
		r := c.path(numbers, numbersRow, c.o.key, append([]string{edge}, inNumbers...)...)
		r.next = func() (*road, error) { return way, nil }
		return r, nil
	}
	steps, err := c.steps(nil, inWords)
	if err != nil || steps == 0 {
		return c.far(err)
	}
	return c.along(way.statement+` LIMIT `+c.w.arg(steps), nil, inWords), nil
}

// byHours is the road in the order of the last contact: the rows of the first hours.
func (c crossing) byHours() (*road, error) {
	inNumbers, inWords := c.rest(nil)
	hours := append(set{tests: c.w.hours}.conditions(), `1 = 1`)
	steps, err := c.steps(inNumbers, inWords, hours...)
	if err != nil || steps == 0 {
		r, failed := c.byNumbers()
		return r, errors.Join(err, failed)
	}
	if c.after {
		hours = append(hours, hourKey+` `+c.o.compare+`= `+c.w.arg(hourOf(c.seen)))
	}
	var edge int64
	statement, args := c.w.use(`SELECT e.seen_hour FROM enrollments e WHERE ` + strings.Join(hours, ` AND `) +
		` ORDER BY e.seen_hour ` + c.o.direction + ` LIMIT 1 OFFSET ` + c.w.arg(steps))
	err = c.tx.Row(statement, args...).Scan(&edge)
	if errors.Is(err, sql.ErrNoRows) {
		return c.byNumbers() // the list is short
	}
	if err != nil {
		return nil, err
	}
	hours = append(hours, hourKey+` `+c.o.upTo()+` `+c.w.arg(edge))
	n, err := c.w.count(c.tx, `SELECT 1 FROM enrollments e WHERE `+strings.Join(hours, ` AND `)+` LIMIT `+c.w.arg(steps+2*near+1))
	if err != nil {
		return nil, err
	}
	if n > steps+2*near { // an hour in which very many called
		return c.byNumbers()
	}
	r := c.path(numbers, numbersRow, c.o.key, append(hours, inNumbers...)...)
	if len(inWords) > 0 {
		r = c.along(r.statement+` LIMIT `+c.w.arg(steps), nil, inWords)
	}
	r.next = c.byNumbers
	return r, nil
}

// edge guesses from some rows a key that few rows of the list come before, but enough for the page: to compare with it
// costs less than to sort all rows. It is empty when the list is short, or few rows fit.
func (c crossing) edge(inNumbers []string) (string, error) {
	if c.most < near {
		return "", nil
	}
	place := 2*c.rows*sample/int(c.most) + sample/200
	some := c.path(`(SELECT * FROM enrollments ORDER BY n LIMIT `+c.w.arg(sample)+`) e`, numbersRow, c.o.key, inNumbers...)
	var n, key int64
	statement, args := c.w.use(some.statement + ` LIMIT 1 OFFSET ` + c.w.arg(place))
	err := c.tx.Row(statement, args...).Scan(&n, &key)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return c.o.key + ` ` + c.o.upTo() + ` ` + c.w.arg(key), err
}

// along takes the first rows in the order of the list, and of those the ones that are what is asked for.
func (c crossing) along(first string, inNumbers, inWords []string) *road {
	from := `(` + first + `) t`
	var conditions []string
	if len(inWords) > 0 {
		from += ` CROSS JOIN listed l`
		conditions = append(append(conditions, `l.n = t.n`), inWords...)
	}
	if len(inNumbers) > 0 {
		from += ` CROSS JOIN enrollments e`
		conditions = append(append(conditions, `e.n = t.n`), inNumbers...)
	}
	statement := `SELECT t.n, t.k FROM ` + from + ` WHERE ` + strings.Join(conditions, ` AND `) +
		` ORDER BY t.k ` + c.o.direction + `, t.n ` + c.o.direction
	return &road{where: c.w, order: c.o, statement: statement, next: func() (*road, error) { return c.far(nil) }}
}

// steps guesses from some rows how far to go along the order of the list until the page is full; 0 is too far. Only those
// under the given conditions on numbers are on the way.
func (c crossing) steps(inNumbers, inWords []string, given ...string) (int, error) {
	share := 1.0
	for _, half := range []struct {
		table             string
		conditions, given []string
	}{{words, inWords, nil}, {numbers, inNumbers, given}} {
		if len(half.conditions) == 0 {
			continue
		}
		table, name, _ := strings.Cut(half.table, " ")
		from := `(SELECT * FROM ` + table + ` ORDER BY n LIMIT ` + c.w.arg(sample) + `) ` + name
		on := append(slices.Clone(half.given), `1 = 1`)
		all, err := c.w.count(c.tx, `SELECT 1 FROM `+from+` WHERE `+strings.Join(on, ` AND `))
		if err != nil || all == 0 {
			return 0, err
		}
		fit, err := c.w.count(c.tx, `SELECT 1 FROM `+from+` WHERE `+strings.Join(append(on, half.conditions...), ` AND `))
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
	from, row, conditions := c.scanned()
	key := c.o.key
	if c.o.indexed {
		key += c.o.loose()
	}
	return c.path(from, row, key, conditions...), nil
}

// scanned are the tables and conditions of rows that are found by looking at all.
func (c crossing) scanned() (from, row string, conditions []string) {
	inNumbers, inWords := c.rest(nil)
	switch {
	case len(inWords) == 0 && !c.o.words:
		return numbers, numbersRow, inNumbers
	case len(inNumbers) == 0 && !c.o.onNumbers():
		return words, wordsRow, inWords
	}
	from, row = `enrollments e CROSS JOIN listed l`, numbersRow
	if c.w.search != "" || len(inNumbers) == 0 { // a search leaves fewer rows than numbers do
		from, row = `listed l CROSS JOIN enrollments e`, wordsRow
	}
	return from, row, slices.Concat([]string{`e.n = l.n`}, inNumbers, inWords)
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
	sets, err := c.sets()
	if err != nil {
		return "", "", err
	}
	var conditions []string
	if len(sets) > 0 && sets[0].rows <= few {
		from, row, conditions = c.fetched(sets[0])
	} else {
		from, row, conditions = c.scanned()
	}
	if len(conditions) > 0 {
		from += ` WHERE ` + strings.Join(conditions, ` AND `)
	}
	return from, row, nil
}

// wholeRoad leads past all rows of a list.
func wholeRoad(tx *db.Tx, q ListQuery, m Moment) (*road, error) {
	c, err := newCrossing(tx, q, m)
	if err != nil {
		return nil, err
	}
	if len(c.w.numbers)+len(c.w.words) == 0 && c.w.search == "" {
		from, row := c.o.table()
		return c.path(from, row, c.o.key), nil
	}
	return c.far(nil)
}
