package mdm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
)

// ListQuery chooses enrollments for a list. Empty fields choose all.
type ListQuery struct {
	// Search is looked for in person, account, name, model and system, without regard to case and marks.
	Search string
	// State is a code of Describe.
	State string
	// Sort is a column, "-" before it for the other direction: person, name, model, os, enrolled_at, last_seen_at.
	Sort string
	// After is the cursor of the page before.
	After string
	// Stale takes those that were silent for this many days at least.
	Stale int
	// Limit is the size of a page; 0 is 50, 1000 is the most.
	Limit int
}

// Page is a part of a list. Next is the cursor of the following page, "" after the last.
type Page struct {
	Enrollments []Enrollment
	Next        string
}

var (
	// ErrSort says that a list cannot be sorted by this.
	ErrSort = errors.New("mdm: a list cannot be sorted by this column")
	// ErrCursor says that a list cannot go on from here.
	ErrCursor = errors.New("mdm: no cursor of this list")
)

// sorts are the columns a list can be sorted by, with the id that stands beside them in an index, and whether they hold
// times.
var sorts = map[string]struct {
	column, id string
	times      bool
}{
	"person":       {"d.by_person", "d.enrollment", false},
	"name":         {"d.by_name", "d.enrollment", false},
	"model":        {"d.by_model", "d.enrollment", false},
	"os":           {"d.by_os", "d.enrollment", false},
	"enrolled_at":  {"e.enrolled_at", "e.id", true},
	"last_seen_at": {"e.last_seen_at", "e.id", true},
}

// Sorts names the columns a list can be sorted by.
func Sorts() []string {
	return []string{"person", "name", "model", "os", "enrolled_at", "last_seen_at"}
}

// statements has a statement for each order; they differ in nothing else.
var statements = func() map[string]string {
	m := map[string]string{}
	for name, s := range sorts {
		for _, direction := range []struct{ sign, compare, order string }{{"", ">", "ASC"}, {"-", "<", "DESC"}} {
			statement := listStatement
			if s.times {
				statement = listByTime
			}
			m[direction.sign+name] = fmt.Sprintf(statement, s.column, s.id, direction.compare, direction.order)
		}
	}
	return m
}()

const columns = `
	e.id, e.attempt, e.person, e.stage, e.last_seen_at, e.identity_expires_at, e.authenticated_at, e.enrolled_at, e.ended_at, e.ended_by,
	d.person_name, d.managed_account, d.former, d.product_name, d.model, d.model_number, d.name, d.os_version, d.os_extra, d.build,
	d.capacity, d.available, d.battery, d.passcode_present, d.passcode_compliant, d.hardware_encryption, d.user_enrollment,
	d.information_at, d.security_at, d.status_at, d.nickname, d.group_name, d.same,
	COALESCE(p.token_at, 0), COALESCE(p.sent_at, 0), COALESCE(p.outcome, ''), COALESCE(p.reason, ''), COALESCE(p.gone_at, 0), COALESCE(p.due_at, 0)
	FROM devices d JOIN enrollments e ON e.id = d.enrollment LEFT JOIN pushes p ON p.enrollment = d.enrollment`

// listStatement pages by key: what comes after the last row of the page before, in the order of the list.
const listStatement = `
	SELECT %[1]s, ` + columns + `
	WHERE (%[1]s, %[2]s) %[3]s ($1, $2)
	AND ($3 = '' OR d.search LIKE $3 ESCAPE '\')
	AND ($4 = '' OR e.stage = $4)
	AND e.last_seen_at <= $5
	AND ($6 = '' OR ` + unwell + `)
	ORDER BY %[1]s %[4]s, %[2]s %[4]s
	LIMIT $9`

// listByTime is listStatement for a column of enrollments. What a poll changes has no index, so all rows are sorted: the
// narrow ones, and only then the few of the page are joined.
const listByTime = `
	SELECT %[1]s, ` + columns + `
	WHERE e.id IN (
		SELECT e.id
		FROM enrollments e
		WHERE (%[1]s, %[2]s) %[3]s ($1, $2)
		AND ($3 = '' OR EXISTS (SELECT 1 FROM devices d WHERE d.enrollment = e.id AND d.search LIKE $3 ESCAPE '\'))
		AND ($4 = '' OR e.stage = $4)
		AND e.last_seen_at <= $5
		AND ($6 = '' OR e.identity_expires_at <= $7 OR e.last_seen_at < $8
			OR EXISTS (SELECT 1 FROM pushes p WHERE p.enrollment = e.id AND p.gone_at > 0))
		ORDER BY %[1]s %[4]s, %[2]s %[4]s
		LIMIT $9)
	ORDER BY %[1]s %[4]s, %[2]s %[4]s`

// unwell takes, of the phones under management, all whose state may be another than enrolled, and few others: describe
// decides. Without it every row would have to be looked at for the few in a state like quiet.
const unwell = `(e.identity_expires_at <= $7 OR e.last_seen_at < $8 OR p.gone_at > 0)`

// List gives one page.
func (s *Server) List(ctx context.Context, q ListQuery) (Page, error) {
	if q.Sort == "" {
		q.Sort = "person"
	}
	statement, ok := statements[q.Sort]
	if !ok {
		return Page{}, fmt.Errorf("%w: %s", ErrSort, q.Sort)
	}
	if q.Limit <= 0 {
		q.Limit = 50
	}
	q.Limit = min(q.Limit, 1000)
	var page Page
	err := s.db.View(ctx, func(tx *db.Tx) error {
		cursor, take := q.After, q.Limit
		if q.State != "" {
			take = max(take, stateStep) // most of them may be in other states
		}
		for {
			rows, next, err := listPage(tx, statement, q, cursor, take)
			if err != nil {
				return err
			}
			for i, r := range rows {
				if q.State != "" && describe(r.Enrollment, tx.Now).Code != q.State {
					continue
				}
				page.Enrollments = append(page.Enrollments, r.Enrollment)
				if len(page.Enrollments) == q.Limit {
					if i < len(rows)-1 || next != "" {
						page.Next = r.cursor
					}
					return nil
				}
			}
			if next == "" {
				return nil
			}
			cursor = next
		}
	})
	if err != nil {
		return Page{}, fmt.Errorf("list enrollments: %w", err)
	}
	return page, nil
}

// stateStep is how many rows are looked at together for those in a state, which is decided row by row.
const stateStep = 500

// listed is a row with the cursor that stands behind it.
type listed struct {
	Enrollment
	cursor string
}

func listPage(tx *db.Tx, statement string, q ListQuery, cursor string, take int) ([]listed, string, error) {
	key, id, err := parseCursor(q.Sort, cursor)
	if err != nil {
		return nil, "", err
	}
	pattern, stale := "", int64(math.MaxInt64)
	if q.Search != "" {
		pattern = "%" + escapeLike.Replace(db.Fold(q.Search)) + "%"
	}
	if q.Stale > 0 {
		stale = db.Millis(tx.Now.Add(-time.Duration(q.Stale) * 24 * time.Hour))
	}
	stage, narrow := stageOf(q.State), ""
	if stage == StageEnrolled && q.State != Managed {
		narrow = "unwell"
	}
	rows, err := tx.Rows(statement, key, id, pattern, string(stage), stale, narrow,
		db.Millis(tx.Now), db.Millis(tx.Now.Add(-answersWithin)), take)
	if err != nil {
		return nil, "", err
	}
	defer rows.Close()
	var list []listed
	for rows.Next() {
		var sortKey string
		e, err := scan(rows, &sortKey)
		if err != nil {
			return nil, "", err
		}
		list = append(list, listed{e, sortKey + "\n" + e.ID})
	}
	if err := rows.Err(); err != nil {
		return nil, "", err
	}
	if len(list) < take {
		return list, "", nil
	}
	return list, list[len(list)-1].cursor, nil
}

var escapeLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// stageOf narrows what a state has to be looked for in.
func stageOf(state string) Stage {
	switch state {
	case "":
		return ""
	case Waiting:
		return StageAuthenticated
	case Removed:
		return StageRemoved
	case Archived:
		return StageArchived
	}
	return StageEnrolled
}

// parseCursor takes "KEY\nID" apart; the key is a number in a list that is sorted by time. Without a cursor it gives the
// key that stands before all.
func parseCursor(sort, cursor string) (key any, id string, err error) {
	column, falling := strings.CutPrefix(sort, "-")
	text, id, found := strings.Cut(cursor, "\n")
	switch times := sorts[column].times; {
	case cursor == "" && times && falling:
		return int64(math.MaxInt64), "", nil
	case cursor == "" && times:
		return int64(-1), "", nil
	case cursor == "" && falling:
		return "\U0010FFFF", "", nil
	case cursor == "":
		return "", "", nil
	case !found:
		return nil, "", fmt.Errorf("%w: %q", ErrCursor, cursor)
	case !times:
		return text, id, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %q", ErrCursor, cursor)
	}
	return n, id, nil
}

// Get gives one enrollment, or ErrUnknown.
func (s *Server) Get(ctx context.Context, id string) (Enrollment, error) {
	var e Enrollment
	err := s.db.View(ctx, func(tx *db.Tx) error {
		var none string
		var err error
		e, err = scan(tx.Row(`SELECT '', `+columns+` WHERE d.enrollment = $1`, id), &none)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return e, fmt.Errorf("enrollment %s: %w", id, ErrUnknown)
	}
	if err != nil {
		return e, fmt.Errorf("read enrollment: %w", err)
	}
	return e, nil
}

// Counts says how many enrollments are in each state of Describe.
func (s *Server) Counts(ctx context.Context) (map[string]int, error) {
	counts := map[string]int{}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		for _, c := range []struct {
			stage Stage
			code  string
		}{{StageAuthenticated, Waiting}, {StageEnrolled, Managed}, {StageRemoved, Removed}, {StageArchived, Archived}} {
			var n int
			if err := tx.Row(`SELECT COUNT(*) FROM enrollments WHERE stage = $1`, string(c.stage)).Scan(&n); err != nil {
				return err
			}
			if n > 0 {
				counts[c.code] = n
			}
		}
		return countUnwell(tx, counts)
	})
	if err != nil {
		return nil, fmt.Errorf("count enrollments: %w", err)
	}
	return counts, nil
}

// countUnwell moves those that are not as well as their stage says to where they belong.
func countUnwell(tx *db.Tx, counts map[string]int) error {
	rows, err := tx.Rows(`
		SELECT e.last_seen_at, e.identity_expires_at, COALESCE(p.token_at, 0), COALESCE(p.sent_at, 0), COALESCE(p.outcome, ''), COALESCE(p.gone_at, 0)
		FROM enrollments e LEFT JOIN pushes p ON p.enrollment = e.id
		WHERE e.stage = $1
		AND (e.identity_expires_at <= $2 OR e.last_seen_at < $3 OR e.id IN (SELECT enrollment FROM pushes WHERE gone_at > 0))`,
		string(StageEnrolled), db.Millis(tx.Now), db.Millis(tx.Now.Add(-answersWithin)))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		e := Enrollment{Stage: StageEnrolled}
		var seen, expires, token, sent, gone int64
		if err := rows.Scan(&seen, &expires, &token, &sent, &e.Push.Outcome, &gone); err != nil {
			return err
		}
		e.LastSeenAt, e.IdentityExpiresAt = db.Time(seen), db.Time(expires)
		e.Push.Reachable = token > 0
		e.Push.SentAt, e.Push.GoneAt = db.Time(sent), db.Time(gone)
		if code := describe(e, tx.Now).Code; code != Managed {
			counts[Managed]--
			counts[code]++
		}
	}
	return rows.Err()
}

func scan(row interface{ Scan(...any) error }, sortKey *string) (Enrollment, error) {
	var e Enrollment
	var seen, expires, authenticated, enrolledAt, ended, information, security, status, token, sent, gone, due int64
	d := &e.Device
	err := row.Scan(sortKey,
		&e.ID, &e.Attempt, &e.Person, &e.Stage, &seen, &expires, &authenticated, &enrolledAt, &ended, &e.EndedBy,
		&e.PersonName, &e.ManagedAccount, &e.Former, &d.ProductName, &d.Model, &d.ModelNumber, &d.Name, &d.OSVersion, &d.OSExtra, &d.Build,
		&d.Capacity, &d.Available, &d.Battery, &d.PasscodePresent, &d.PasscodeCompliant, &d.Encryption, &d.UserEnrollment,
		&information, &security, &status, &e.Nickname, &e.Group, &e.Same,
		&token, &sent, &e.Push.Outcome, &e.Push.Reason, &gone, &due)
	e.LastSeenAt, e.IdentityExpiresAt, e.AuthenticatedAt, e.EnrolledAt, e.EndedAt = db.Time(seen), db.Time(expires), db.Time(authenticated), db.Time(enrolledAt), db.Time(ended)
	d.InformationAt, d.SecurityAt, d.StatusAt = db.Time(information), db.Time(security), db.Time(status)
	e.Push.Reachable = token > 0
	e.Push.TokenAt, e.Push.SentAt, e.Push.GoneAt, e.Push.DueAt = db.Time(token), db.Time(sent), db.Time(gone), db.Time(due)
	return e, err
}
