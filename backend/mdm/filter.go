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
	numbers []test
	words   []test
	search  string
	// hours are what the index of the last contact's hour knows of the conditions. They say less than the numbers do.
	hours []test
}

// test is a condition, whose text has KEY where the key belongs.
type test struct {
	key, text string
	loose     string // what keeps indexes off the key, and changes nothing
	narrow    bool   // an index finds the rows
	among     string // the statement that finds them, where that is not by the key
}

const (
	looseNumber = ` + 0`
	looseWord   = ` || ''`
)

// walked is the condition for rows that are walked over; no index tempts to find others.
func (t test) walked() string { return strings.ReplaceAll(t.text, "KEY", `(`+t.key+t.loose+`)`) }

// found is the condition for rows that an index finds.
func (t test) found() string { return strings.ReplaceAll(t.text, "KEY", t.key) }

func walked(tests []test) (all []string) {
	for _, t := range tests {
		all = append(all, t.walked())
	}
	return all
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
	w := &where{moment: m}
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
	w.words = append(w.words, test{key: column.key, text: text, loose: looseWord, narrow: narrow})
	return nil
}

func (w *where) addTags(column Column, c Condition) {
	t := test{key: column.key, loose: looseWord}
	switch c.Operator {
	case Has, HasNot:
		t.among, t.narrow = `SELECT t.n FROM tags t WHERE t.folded = `+w.arg(db.Fold(c.Value)), c.Operator == Has
		t.key, t.text, t.loose = wordsRow, `KEY`+not(c.Operator)+` IN (`+t.among+`)`, looseNumber
	case Empty:
		t.text, t.narrow = `KEY = ''`, true
	case NotEmpty:
		t.text = `KEY > ''`
	}
	w.words = append(w.words, t)
}

const mostDays = 100 * 366

func (w *where) addTime(column Column, c Condition) error {
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
		w.until(column, from, c.Operator == OlderThan)
	case Before, After:
		at, err := parseTime(c.Value)
		if err != nil {
			return &FilterError{c, "not_time"}
		}
		w.until(column, at, c.Operator == Before)
	case Empty:
		w.number(column.key, `KEY = 0`)
	case NotEmpty:
		w.number(column.key, `KEY > 0`)
	}
	return nil
}

// number adds a condition on a number, which has an index unless a poll changes it.
func (w *where) number(key, text string) {
	w.numbers = append(w.numbers, test{key: key, text: text, loose: looseNumber, narrow: key != seenKey})
}

// until asks for times before this one, or from it on.
func (w *where) until(column Column, at time.Time, before bool) {
	millis := db.Millis(at)
	compare, hours := `KEY >= `, ` >= `
	if before {
		compare, hours = `KEY > 0 AND KEY < `, ` <= `
	}
	w.number(column.key, compare+w.arg(millis))
	if column.key == seenKey {
		w.seen(hours, millis)
	}
}

// seen notes what the index of hours knows about the last contact.
func (w *where) seen(compare string, millis int64) {
	w.hours = append(w.hours, test{key: hourKey, text: `KEY` + compare + w.arg(hourOf(millis)), loose: looseNumber, narrow: true})
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
	switch c.Operator {
	case Empty:
		w.number(column.key, `KEY < 0`)
	case NotEmpty:
		w.number(column.key, `KEY >= 0`)
	default:
		n, err := strconv.ParseInt(c.Value, 10, 64)
		if err != nil {
			return &FilterError{c, "not_number"}
		}
		if c.Operator == LessThan {
			w.number(column.key, `KEY >= 0 AND KEY < `+w.arg(n))
		} else {
			w.number(column.key, `KEY > `+w.arg(n))
		}
	}
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
		kept := 0
		if yes {
			kept = 1
		}
		w.number(column.key, `KEY = `+w.arg(kept))
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
	w.number(column.key, `KEY`+not(c.Operator)+` IN (`+strings.Join(several, ", ")+`)`)
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
	among := `KEY` + not(o) + ` IN (` + strings.Join(several, ", ") + `)`
	if plain {
		w.numbers = append(w.numbers, test{key: stageKey, text: among, loose: looseWord, narrow: o != IsNot})
		return
	}
	if o != IsNot && len(values) == 1 && values[0] == Quiet {
		w.seen(` <= `, db.Millis(w.moment.before(quietAfter)))
	}
	w.numbers = append(w.numbers, test{key: w.stateCode(), text: among})
}

func not(o Operator) string {
	if o == IsNot || o == HasNot {
		return ` NOT`
	}
	return ``
}
