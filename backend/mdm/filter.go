package mdm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
)

// Operator compares a column with a value.
type Operator string

// The operators.
const (
	Is        Operator = "is"
	IsNot     Operator = "is_not"
	In        Operator = "in" // one of several, with | between them
	Contains  Operator = "contains"
	Begins    Operator = "begins"
	Before    Operator = "before" // a version, or a time
	AtLeast   Operator = "at_least"
	After     Operator = "after"
	OlderThan Operator = "older_than" // days; of the last contact those count in which we could be reached
	Within    Operator = "within"     // days
	LessThan  Operator = "less_than"
	MoreThan  Operator = "more_than"
	Has       Operator = "has"
	HasNot    Operator = "has_not"
	Empty     Operator = "empty"
	NotEmpty  Operator = "not_empty"
)

// operators says what can be asked of each kind.
var operators = map[Kind][]Operator{
	Words:   {Contains, Begins, Is, IsNot, In, Empty, NotEmpty},
	Version: {Before, AtLeast, Is, IsNot, Begins, In, Empty, NotEmpty},
	When:    {OlderThan, Within, Before, After, Empty, NotEmpty},
	Number:  {LessThan, MoreThan, Empty, NotEmpty},
	Bytes:   {LessThan, MoreThan, Empty, NotEmpty},
	Percent: {LessThan, MoreThan, Empty, NotEmpty},
	Choice:  {Is, IsNot, In},
	Labels:  {Has, HasNot, Empty, NotEmpty},
	YesNo:   {Is},
}

// Operators are what can be asked of the column.
func (c Column) Operators() []Operator {
	if c.key == "" {
		return nil
	}
	return operators[c.Kind]
}

// Condition is one condition of a filter, as data: "os_version before 18.4".
type Condition struct {
	Column   string
	Operator Operator
	Value    string
}

// String is "os_version:before:18.4".
func (c Condition) String() string { return c.Column + ":" + string(c.Operator) + ":" + c.Value }

// ParseCondition reads "os_version:before:18.4".
func ParseCondition(s string) (Condition, error) {
	column, rest, _ := strings.Cut(s, ":")
	operator, value, _ := strings.Cut(rest, ":")
	c := Condition{column, Operator(operator), value}
	known, ok := ColumnNamed(column)
	if !ok || !slices.Contains(known.Operators(), c.Operator) {
		return c, &FilterError{c, "not_choice"}
	}
	return c, nil
}

// FilterError says which condition cannot be asked, and why.
type FilterError struct {
	Condition Condition
	Problem   string // not_choice: no such column, operator or value; not_time, not_number
}

func (e *FilterError) Error() string {
	return fmt.Sprintf("mdm: filter %q: %s", e.Condition, e.Problem)
}

// where gathers the conditions of a list: on the numbers of enrollments, on the words of listed, and the search. The
// texts are constants of this file; only parameters come from outside.
type where struct {
	moment  Moment
	args    []any
	state   string // stateCode with its parameters; empty until somebody asks for it
	numbers []string
	words   []wordTest
	search  string
	// narrow are conditions that the numbers imply and whose rows an index finds, by its column. The numbers themselves
	// use no index, so that nothing is found by one that leaves most rows.
	narrow map[string][]string
}

// wordTest is a condition on a word, whose text has KEY where the key belongs.
type wordTest struct {
	key, text string
	narrow    bool // its index finds the rows
}

func (t wordTest) String() string { return strings.ReplaceAll(t.text, "KEY", t.key) }

// loose is the same condition, for which no index is used.
func (t wordTest) loose() string {
	if t.key == `l.n` {
		return strings.ReplaceAll(t.text, "KEY", `(l.n + 0)`)
	}
	return strings.ReplaceAll(t.text, "KEY", `(`+t.key+` || '')`)
}

func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

// use gives a statement that names some of the arguments the numbers and the arguments that are its own.
func (w *where) use(statement string) (string, []any) {
	var b strings.Builder
	var args []any
	numbers := map[string]string{}
	for {
		i := strings.IndexByte(statement, '$')
		if i < 0 {
			b.WriteString(statement)
			return b.String(), args
		}
		end := i + 1
		for end < len(statement) && statement[end] >= '0' && statement[end] <= '9' {
			end++
		}
		name := statement[i:end]
		if numbers[name] == "" {
			n, _ := strconv.Atoi(name[1:])
			args = append(args, w.args[n-1])
			numbers[name] = "$" + strconv.Itoa(len(args))
		}
		b.WriteString(statement[:i] + numbers[name])
		statement = statement[end:]
	}
}

func (w *where) stateCode() string {
	if w.state == "" {
		var names []any
		for _, v := range w.moment.states() {
			names = append(names, w.arg(v))
		}
		w.state = fmt.Sprintf(stateCode, names...)
	}
	return w.state
}

// gather takes a query apart.
func gather(q ListQuery, m Moment) (*where, error) {
	w := &where{moment: m, narrow: map[string][]string{}}
	if q.Search != "" {
		w.search = `l.search LIKE ` + w.arg("%"+escapeLike.Replace(db.Fold(q.Search))+"%") + ` ESCAPE '\'`
	}
	conditions := slices.Clone(q.Filter)
	if q.State != "" {
		conditions = append(conditions, Condition{"state", Is, q.State})
	}
	if q.Stale > 0 {
		conditions = append(conditions, Condition{"last_seen_at", OlderThan, strconv.Itoa(q.Stale)})
	}
	if q.Rule != nil {
		w.stale(*q.Rule, q.Share)
	}
	for _, c := range conditions {
		if err := w.add(c); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *where) add(c Condition) error {
	column, ok := ColumnNamed(c.Column)
	if !ok || !slices.Contains(column.Operators(), c.Operator) {
		return &FilterError{c, "not_choice"}
	}
	switch column.Kind {
	case Words, Version:
		return w.addWords(column, c)
	case When:
		return w.addTime(column, c)
	case Labels:
		w.addTags(column, c)
		return nil
	case Choice, YesNo:
		return w.addChoice(column, c)
	default:
		return w.addNumber(column, c)
	}
}

func (w *where) addWords(column Column, c Condition) error {
	key := sortText
	if column.Kind == Version {
		key = func(words ...string) string { return sortVersion(words[0]) }
	}
	value := key(c.Value)
	narrow := true
	var text string
	switch c.Operator {
	case Is:
		text = `KEY = ` + w.arg(value)
	case IsNot:
		text, narrow = `KEY <> `+w.arg(value), false
	case In:
		var several []string
		for v := range strings.SplitSeq(c.Value, "|") {
			several = append(several, w.arg(key(v)))
		}
		text = `KEY IN (` + strings.Join(several, ", ") + `)`
	case Contains:
		text, narrow = `KEY LIKE `+w.arg("%"+escapeLike.Replace(value)+"%")+` ESCAPE '\'`, false
	case Begins:
		text = `KEY >= ` + w.arg(value) + ` AND KEY < ` + w.arg(value+"\U0010FFFF")
	case Before:
		text = `KEY < ` + w.arg(value) + ` AND KEY > ''`
	case AtLeast:
		text = `KEY >= ` + w.arg(value)
	case Empty:
		text = `KEY = ''`
	case NotEmpty:
		text, narrow = `KEY > ''`, false
	}
	if (c.Operator == Before || c.Operator == AtLeast) && !strings.ContainsAny(c.Value, "0123456789") {
		return &FilterError{c, "not_number"}
	}
	w.words = append(w.words, wordTest{column.key, text, narrow})
	return nil
}

func (w *where) addTags(column Column, c Condition) {
	t := wordTest{key: column.key}
	switch c.Operator {
	case Has:
		t = wordTest{`l.n`, `KEY IN (SELECT t.n FROM tags t WHERE t.folded = ` + w.arg(db.Fold(c.Value)) + `)`, true}
	case HasNot:
		t = wordTest{`l.n`, `KEY NOT IN (SELECT t.n FROM tags t WHERE t.folded = ` + w.arg(db.Fold(c.Value)) + `)`, false}
	case Empty:
		t.text, t.narrow = `KEY = ''`, true
	case NotEmpty:
		t.text = `KEY > ''`
	}
	w.words = append(w.words, t)
}

const mostDays = 100 * 366

func (w *where) addTime(column Column, c Condition) error {
	var text string
	switch c.Operator {
	case OlderThan, Within:
		days, err := strconv.Atoi(c.Value)
		if err != nil || days < 0 || days > mostDays {
			return &FilterError{c, "not_number"}
		}
		span := time.Duration(days) * 24 * time.Hour
		from := w.moment.Now.Add(-span)
		if column.Name == "last_seen_at" {
			from = w.moment.before(span)
		}
		text = w.until(column, from, c.Operator == OlderThan)
	case Before, After:
		at, err := parseTime(c.Value)
		if err != nil {
			return &FilterError{c, "not_time"}
		}
		text = w.until(column, at, c.Operator == Before)
	case Empty:
		text = column.key + ` = 0`
	case NotEmpty:
		text = column.key + ` > 0`
	}
	w.numbers = append(w.numbers, text)
	return nil
}

// until asks for times before this one, or from it on.
func (w *where) until(column Column, at time.Time, before bool) string {
	millis := db.Millis(at)
	if before {
		w.narrowTime(column.key, ` <= `, millis)
		return `(` + column.key + ` + 0) > 0 AND (` + column.key + ` + 0) < ` + w.arg(millis)
	}
	w.narrowTime(column.key, ` >= `, millis)
	return `(` + column.key + ` + 0) >= ` + w.arg(millis)
}

// narrowTime notes what an index knows about a time.
func (w *where) narrowTime(key, compare string, millis int64) {
	switch key {
	case `e.last_seen_at`:
		w.narrow["seen_hour"] = append(w.narrow["seen_hour"], `e.seen_hour`+compare+w.arg(hourOf(millis)))
	case `e.enrolled_at`:
		w.narrow["enrolled_at"] = append(w.narrow["enrolled_at"], `e.enrolled_at > 0 AND e.enrolled_at`+compare+w.arg(millis))
	}
}

// hourOf is seen_hour, for the last contact at this time.
func hourOf(millis int64) int64 { return millis / (60 * 60 * 1000) }

func parseTime(s string) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at, nil
	}
	return time.Parse(time.DateOnly, s)
}

func (w *where) addNumber(column Column, c Condition) error {
	var text string
	switch c.Operator {
	case Empty:
		text = column.key + ` < 0`
	case NotEmpty:
		text = column.key + ` >= 0`
	default:
		n, err := strconv.ParseInt(c.Value, 10, 64)
		if err != nil {
			return &FilterError{c, "not_number"}
		}
		if c.Operator == LessThan {
			text = column.key + ` >= 0 AND ` + column.key + ` < ` + w.arg(n)
		} else {
			text = column.key + ` > ` + w.arg(n)
		}
	}
	w.numbers = append(w.numbers, text)
	return nil
}

// stages are the states that are a stage.
var stages = map[string]Stage{Waiting: StageAuthenticated, Removed: StageRemoved, Archived: StageArchived}

func (w *where) addChoice(column Column, c Condition) error {
	if column.Kind == YesNo {
		yes, err := strconv.ParseBool(c.Value)
		if err != nil {
			return &FilterError{c, "not_choice"}
		}
		w.numbers = append(w.numbers, `e.kept = `+w.arg(yes))
		return nil
	}
	values := []string{c.Value}
	if c.Operator == In {
		values = strings.Split(c.Value, "|")
	}
	for _, v := range values {
		if !slices.Contains(column.Choices, v) {
			return &FilterError{c, "not_choice"}
		}
	}
	if column.Name == "state" {
		w.addState(c.Operator, values)
		return nil
	}
	var several []string
	for _, v := range values {
		several = append(several, w.arg(slices.Index(column.Choices, v)))
	}
	w.numbers = append(w.numbers, column.key+not(c.Operator)+` IN (`+strings.Join(several, ", ")+`)`)
	return nil
}

// addState asks for states. Those that are a stage are asked for by it, which is cheaper.
func (w *where) addState(o Operator, values []string) {
	plain := true
	for _, v := range values {
		_, ok := stages[v]
		plain = plain && ok
	}
	var several []string
	for _, v := range values {
		if plain {
			several = append(several, w.arg(string(stages[v])))
		} else {
			several = append(several, w.arg(slices.Index(Codes(), v)+1))
		}
	}
	key := `e.stage || ''`
	switch {
	case !plain:
		key = w.stateCode()
		if o != IsNot && len(values) == 1 && values[0] == Quiet {
			w.narrowTime(`e.last_seen_at`, ` <= `, db.Millis(w.moment.before(quietAfter)))
		}
	case o != IsNot:
		w.narrow["stage"] = append(w.narrow["stage"], `e.stage IN (`+strings.Join(several, ", ")+`)`)
	}
	w.numbers = append(w.numbers, `(`+key+`)`+not(o)+` IN (`+strings.Join(several, ", ")+`)`)
}

func not(o Operator) string {
	if o == IsNot {
		return ` NOT`
	}
	return ``
}

// wordy says whether words are asked for.
func (w *where) wordy() bool { return len(w.words) > 0 || w.search != "" }

// onWords are the conditions on words; loose ones leave the choice of the index to the order.
func (w *where) onWords(loose bool) []string {
	var all []string
	for _, t := range w.words {
		if loose {
			all = append(all, t.loose())
		} else {
			all = append(all, t.String())
		}
	}
	if w.search != "" {
		all = append(all, w.search)
	}
	return all
}

// all are the conditions on both halves of a list.
func (w *where) all(loose bool) []string { return append(w.onWords(loose), w.numbers...) }
