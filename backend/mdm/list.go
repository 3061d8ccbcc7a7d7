package mdm

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.org/gatehouse/backend/db"
)

// ListQuery chooses enrollments for a list. Empty fields choose all; what is given must all be so.
type ListQuery struct {
	// Search is looked for in person, account, names, model, system, tags, notes and own fields, without regard to case
	// and marks.
	Search string
	// State is a code of Describe.
	State string
	// Stale takes those that were silent for this many days at least, of those in which we could be reached.
	Stale  int
	Filter []Condition
	// Rule and Share choose what a rule for clearing records looks at.
	Rule  *Rule
	Share Share
	// Sort is a column, "-" before it for the other direction; empty is person.
	Sort string
	// After is the cursor of the page before; Offset leaves out so many rows from there on.
	After  string
	Offset int
	// Limit is the size of a page; 0 is 50, 1000 is the most.
	Limit int

	inState bool // all are of one state: what is sorted by state is sorted by the row's number
}

// Page is a part of a list. Next is the cursor of the following page, "" after the last.
type Page struct {
	Enrollments []Enrollment
	Next        string
	// Moment is when it was read.
	Moment Moment
}

var (
	// ErrSort says that a list cannot be sorted by this.
	ErrSort = errors.New("mdm: a list cannot be sorted by this column")
	// ErrCursor says that a list cannot go on from here.
	ErrCursor = errors.New("mdm: no cursor of this list")
)

const (
	// near is how many rows are walked, at most, in the order of the list, where enough of them seem to be what is asked for.
	near = 4000
	// few is how many rows it pays to fetch one by one; fewer, where they could also be met along the way.
	few, fewer = 5000, 1000
	// many is how many rows it pays to note, to meet them along the way.
	many = 10_000
	// sample is how many rows are looked at to guess what all are like.
	sample = 1000
)

const enrollmentColumns = `
	e.id, pin.attempt, e.person, e.stage, e.last_seen_at, e.identity_expires_at, e.authenticated_at, e.enrolled_at, e.ended_at, e.ended_by,
	e.archived_at, e.batch, e.failed_at,
	d.person_name, d.managed_account, d.former, d.product_name, d.model, d.model_number, d.name, d.os_version, d.os_extra, d.build,
	d.capacity, d.available, d.battery, d.passcode_present, d.passcode_compliant, d.hardware_encryption, d.user_enrollment,
	d.information_at, d.security_at, d.status_at,
	e.token_at, e.sent_at, e.outcome, COALESCE(p.reason, ''), e.gone_at, COALESCE(p.due_at, 0),
	d.nickname, d.group_name, d.same, COALESCE(r.notes, ''), COALESCE(r.fields, ''), COALESCE(r.tags, ''),
	COALESCE(r.keep_reason, ''), COALESCE(r.kept_by, ''), COALESCE(r.kept_at, 0),
	COALESCE((SELECT MIN(c.queued_at) FROM commands c WHERE c.waiting = e.id AND c.ends), 0)`

// enrollmentTables are joined in this order: the first has the few rows that are wanted.
const enrollmentTables = `
	CROSS JOIN pins pin CROSS JOIN devices d
	LEFT JOIN pushes p ON p.enrollment = e.id LEFT JOIN remarks r ON r.enrollment = e.id
	WHERE pin.enrollment = e.id AND d.enrollment = e.id`

// sorting is how a list is sorted: by a key, then by the number of the row.
type sorting struct {
	key       string
	words     bool // the key is a word of listed
	indexed   bool // the key has an index
	state     bool // the key is the state's number
	falling   bool
	direction string
	compare   string
}

// table is where the key is, and its row's number.
func (o sorting) table() (from, row string) {
	if o.words {
		return words, wordsRow
	}
	return numbers, numbersRow
}

// onNumbers says that the key is a number of enrollments; an order of nothing has none.
func (o sorting) onNumbers() bool { return o.key != "" && !o.words }

// loose keeps the index off the key.
func (o sorting) loose() string {
	if o.words {
		return looseWord
	}
	return looseNumber
}

// upTo compares with the last key of a part of the list.
func (o sorting) upTo() string {
	if o.falling {
		return ">="
	}
	return "<="
}

func orderOf(q ListQuery, w *where) (sorting, error) {
	sort := cmp.Or(q.Sort, "person")
	name, falling := strings.CutPrefix(sort, "-")
	column, ok := ColumnNamed(name)
	if !ok || !column.Sortable() {
		return sorting{}, fmt.Errorf("%w: %s", ErrSort, sort)
	}
	o := sorting{key: column.key, words: column.words(), indexed: column.key != seenKey, direction: "ASC", compare: ">"}
	switch {
	case q.inState:
		o.key = numbersRow
	case column.Name == "state":
		o.key, o.indexed, o.state = w.stateCode(), false, true
	}
	if falling {
		o.falling, o.direction, o.compare = true, "DESC", "<"
	}
	return o, nil
}

// List gives one page.
func (s *Server) List(ctx context.Context, q ListQuery) (Page, error) {
	if q.Limit <= 0 {
		q.Limit = 50
	}
	q.Limit = min(q.Limit, 1000)
	q.Offset = max(q.Offset, 0)
	var page Page
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		page, err = s.list(tx, q)
		return err
	})
	if err != nil {
		return Page{}, fmt.Errorf("list enrollments: %w", err)
	}
	return page, nil
}

func (s *Server) list(tx *db.Tx, q ListQuery) (Page, error) {
	m, err := s.moment(tx)
	if err != nil {
		return Page{}, err
	}
	road, err := chooseRoad(tx, q, m)
	if err != nil {
		return Page{}, err
	}
	page := Page{Moment: m}
	for {
		if road.byState {
			if page, err := s.ofState(tx, q); err != nil || len(page.Enrollments) == q.Limit {
				return page, err
			}
			if road, err = road.next(); err != nil {
				return Page{}, err
			}
		}
		rows, err := road.walk(tx, q.Limit, q.Offset)
		if err != nil {
			return Page{}, err
		}
		if len(rows) < q.Limit && road.next != nil {
			if road, err = road.next(); err != nil {
				return Page{}, err
			}
			continue
		}
		for _, r := range rows {
			page.Enrollments = append(page.Enrollments, r.Enrollment)
		}
		if len(rows) == q.Limit {
			page.Next = rows[len(rows)-1].cursor
		}
		return page, nil
	}
}

// ofState gives the page of a list that is sorted by state when all of it are of one: of the first state there is, or that
// of the cursor. Otherwise the page is not full.
func (s *Server) ofState(tx *db.Tx, q ListQuery) (Page, error) {
	states := slices.DeleteFunc(Codes(), func(state string) bool { return !q.allows(state) })
	if q.Sort[0] == '-' {
		slices.Reverse(states)
	}
	q.inState = true
	if q.After != "" {
		code, n, err := parseCursor(sorting{}, q.After)
		if err != nil {
			return Page{}, err
		}
		states = slices.DeleteFunc(states, func(state string) bool { return stateNumber(state) != code })
		q.After = fmt.Sprintf("%d\n%d", n, n)
	}
	if len(states) == 0 {
		return Page{}, nil
	}
	q.Filter = append(slices.Clone(q.Filter), Condition{"state", Is, states[0]})
	page, err := s.list(tx, q)
	if page.Next != "" {
		_, n, _ := strings.Cut(page.Next, "\n")
		page.Next = strconv.FormatInt(stateNumber(states[0]), 10) + "\n" + n
	}
	return page, err
}

// stateNumber is what stateCode says for a state.
func stateNumber(state string) int64 { return int64(slices.Index(Codes(), state)) + 1 }

// allows says whether the filter leaves anything of a state.
func (q ListQuery) allows(state string) bool {
	if q.State != "" && q.State != state {
		return false
	}
	return !slices.ContainsFunc(q.Filter, func(c Condition) bool {
		named := slices.Contains(strings.Split(c.Value, "|"), state)
		return c.Column == "state" && named == (c.Operator == IsNot)
	})
}

// listed is a row with the cursor that stands behind it.
type listed struct {
	Enrollment
	cursor string
}

// walk reads a page along a road.
func (r *road) walk(tx *db.Tx, limit, offset int) ([]listed, error) {
	statement, args := r.where.use(`
		SELECT w.k, w.n, ` + enrollmentColumns + `
		FROM (` + r.statement + ` LIMIT ` + r.where.arg(limit) + ` OFFSET ` + r.where.arg(offset) + `) w
		CROSS JOIN enrollments e ` + enrollmentTables + ` AND e.n = w.n
		ORDER BY w.k ` + r.order.direction + `, w.n ` + r.order.direction)
	rows, err := tx.Rows(statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []listed
	for rows.Next() {
		var key, n string
		e, err := scan(rows, &key, &n)
		if err != nil {
			return nil, err
		}
		list = append(list, listed{e, key + "\n" + n})
	}
	return list, rows.Err()
}

var escapeLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// parseCursor takes "KEY\nN" apart; the key is a number in a list that is sorted by one.
func parseCursor(o sorting, cursor string) (key any, n int64, err error) {
	i := strings.LastIndexByte(cursor, '\n')
	if i < 0 {
		return nil, 0, fmt.Errorf("%w: %q", ErrCursor, cursor)
	}
	if n, err = strconv.ParseInt(cursor[i+1:], 10, 64); err != nil {
		return nil, 0, fmt.Errorf("%w: %q", ErrCursor, cursor)
	}
	if o.words {
		return cursor[:i], n, nil
	}
	number, err := strconv.ParseInt(cursor[:i], 10, 64)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %q", ErrCursor, cursor)
	}
	return number, n, nil
}

// Get gives one enrollment, or ErrUnknown.
func (s *Server) Get(ctx context.Context, id string) (Enrollment, error) {
	var e Enrollment
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		e, err = get(tx, id)
		return err
	})
	if err != nil {
		return e, fmt.Errorf("read enrollment: %w", err)
	}
	return e, nil
}

func get(tx *db.Tx, id string) (Enrollment, error) {
	var key, n string
	e, err := scan(tx.Row(`SELECT '', '', `+enrollmentColumns+` FROM enrollments e `+enrollmentTables+` AND e.id = $1`, id), &key, &n)
	return e, unknown(id, err)
}

func scan(row interface{ Scan(...any) error }, key, n *string) (Enrollment, error) {
	var e Enrollment
	var seen, expires, authenticated, enrolledAt, ended, archived, information, security, status, token, sent, gone, due, kept, failed, retiring int64
	var fields, tags string
	d, r := &e.Device, &e.Remarks
	err := row.Scan(key, n,
		&e.ID, &e.Attempt, &e.Person, &e.Stage, &seen, &expires, &authenticated, &enrolledAt, &ended, &e.EndedBy,
		&archived, &e.Batch, &failed,
		&e.PersonName, &e.ManagedAccount, &e.Former, &d.ProductName, &d.Model, &d.ModelNumber, &d.Name, &d.OSVersion, &d.OSExtra, &d.Build,
		&d.Capacity, &d.Available, &d.Battery, &d.PasscodePresent, &d.PasscodeCompliant, &d.Encryption, &d.UserEnrollment,
		&information, &security, &status,
		&token, &sent, &e.Push.Outcome, &e.Push.Reason, &gone, &due,
		&r.Nickname, &e.Group, &e.Same, &r.Notes, &fields, &tags, &e.Kept.Reason, &e.Kept.By, &kept, &retiring)
	if err != nil {
		return e, err
	}
	e.LastSeenAt, e.IdentityExpiresAt, e.AuthenticatedAt, e.EnrolledAt, e.EndedAt = db.Time(seen), db.Time(expires), db.Time(authenticated), db.Time(enrolledAt), db.Time(ended)
	e.ArchivedAt, e.Kept.At, e.FailedAt = db.Time(archived), db.Time(kept), db.Time(failed)
	e.RetiringAt = db.Time(retiring)
	d.InformationAt, d.SecurityAt, d.StatusAt = db.Time(information), db.Time(security), db.Time(status)
	e.Push.Reachable = token > 0
	e.Push.TokenAt, e.Push.SentAt, e.Push.GoneAt, e.Push.DueAt = db.Time(token), db.Time(sent), db.Time(gone), db.Time(due)
	return e, r.read(fields, tags)
}

// unknown is the error about an enrollment that was looked for and not found, or whatever else went wrong.
func unknown(id string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("enrollment %s: %w", id, ErrUnknown)
	}
	return err
}

// Owner is a person who has phones under management.
type Owner struct {
	Person, Name string
	Phones       int
}

// Owners lists everybody who has a phone under management, by identifier.
func Owners(tx *db.Tx) ([]Owner, error) {
	rows, err := tx.Rows(`
		SELECT e.person, MAX(d.person_name), COUNT(*)
		FROM enrollments e JOIN devices d ON d.enrollment = e.id
		WHERE e.stage = $1 OR e.stage = $2
		GROUP BY e.person
		ORDER BY e.person`, string(StageAuthenticated), string(StageEnrolled))
	if err != nil {
		return nil, fmt.Errorf("list owners: %w", err)
	}
	defer rows.Close()
	var list []Owner
	for rows.Next() {
		var o Owner
		if err := rows.Scan(&o.Person, &o.Name, &o.Phones); err != nil {
			return nil, fmt.Errorf("list owners: %w", err)
		}
		list = append(list, o)
	}
	return list, rows.Err()
}
