package event

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"example.org/gatehouse/backend/db"
)

// Kind names what happened, "enrollment.enrolled". The room in which it happens declares it.
type Kind string

// Event is something that happened.
type Event struct {
	// Seq orders events and is the cursor of news; the database gives it.
	Seq int64
	// ID is the event's lasting name.
	ID string
	// At is the time of the transaction.
	At   time.Time
	Kind Kind
	// Actor is "phone", "person", "admin", "system", or the name of an administrator.
	Actor string
	// Attempt, Enrollment and Person say whom it concerns; any may be empty.
	Attempt, Enrollment, Person string
	// Params are the facts that a sentence about the event needs.
	Params map[string]string
}

// Log keeps the events of one database.
type Log struct {
	db *db.DB

	mu   sync.Mutex
	news chan struct{} // guarded by mu; closed and replaced when something happens in this process
}

// New returns the log of a database.
func New(d *db.DB) *Log { return &Log{db: d, news: make(chan struct{})} }

// Add records an event in the transaction of the deed. ID, At and Seq are filled in.
func (l *Log) Add(tx *db.Tx, e Event) error {
	params := []byte("{}")
	if len(e.Params) > 0 {
		var err error
		if params, err = json.Marshal(e.Params); err != nil {
			return fmt.Errorf("add event %s: %w", e.Kind, err)
		}
	}
	if e.Actor == "" {
		e.Actor = Actor(tx.Context())
	}
	_, err := tx.Exec(`
		INSERT INTO events (id, at, kind, actor, attempt, enrollment, person, params)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		db.NewID(), db.Millis(tx.Now), string(e.Kind), e.Actor, e.Attempt, e.Enrollment, e.Person, string(params))
	if err != nil {
		return fmt.Errorf("add event %s: %w", e.Kind, err)
	}
	tx.AfterCommit(l.announce)
	return nil
}

// next is closed when something more happens in this process.
func (l *Log) next() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.news
}

func (l *Log) announce() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.news)
	l.news = make(chan struct{})
}

// Query chooses events. Empty fields choose all.
type Query struct {
	Attempt, Enrollment, Person, Actor string
	// Kind is one kind, or with a dot at its end all that begin so: "enrollment.".
	Kind Kind
	// Text is part of the person, the actor or a fact, without regard to the case of Latin letters.
	Text string
	// After leaves out what has this sequence number or a lower one.
	After int64
	// Before leaves out what has this sequence number or a higher one; 0 leaves out nothing.
	Before int64
	// Since and Until are the first moment that counts, and the first that does not; the zero Time leaves out nothing.
	Since, Until time.Time
	// Newest gives the newest first; otherwise they come in the order in which they happened.
	Newest bool
	// Limit is the most to return; 0 is 200.
	Limit int
}

// List returns the chosen events.
func (l *Log) List(ctx context.Context, q Query) ([]Event, error) {
	var list []Event
	err := l.db.View(ctx, func(tx *db.Tx) (err error) {
		list, err = l.In(tx, q)
		return err
	})
	return list, err
}

var escapeLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

const columns = `seq, id, at, kind, actor, attempt, enrollment, person, params`

// The question decides the index: a timeline asks for one attempt, enrollment or person, the trail for all. The indexes
// leave out empty names, so the statements say that they do.
const (
	conditions = `
		AND ($2 = '' OR attempt = $2) AND ($3 = '' OR enrollment = $3) AND ($4 = '' OR person = $4)
		AND kind LIKE $5 ESCAPE '\' AND seq > $6 AND ($7 = 0 OR seq < $7) AND at >= $8 AND at < $10
		AND ($11 = '' OR actor = $11)
		AND ($12 = '' OR LOWER(person) LIKE $12 ESCAPE '\' OR LOWER(actor) LIKE $12 ESCAPE '\' OR LOWER(params) LIKE $12 ESCAPE '\')`
	byAttempt    = `SELECT ` + columns + ` FROM events WHERE attempt = $1 AND attempt <> ''` + conditions
	byEnrollment = `SELECT ` + columns + ` FROM events WHERE enrollment = $1 AND enrollment <> ''` + conditions
	byPerson     = `SELECT ` + columns + ` FROM events WHERE person = $1 AND person <> ''` + conditions
	byOrder      = `SELECT ` + columns + ` FROM events WHERE $1 = ''` + conditions
	oldestFirst  = ` ORDER BY seq LIMIT $9`
	newestFirst  = ` ORDER BY seq DESC LIMIT $9`
)

// In is List inside a transaction.
func (l *Log) In(tx *db.Tx, q Query) ([]Event, error) {
	statement, key := byOrder, ""
	switch {
	case q.Attempt != "":
		statement, key = byAttempt, q.Attempt
	case q.Enrollment != "":
		statement, key = byEnrollment, q.Enrollment
	case q.Person != "":
		statement, key = byPerson, q.Person
	}
	if q.Newest {
		statement += newestFirst
	} else {
		statement += oldestFirst
	}
	if q.Limit <= 0 {
		q.Limit = 200
	}
	kind, text := escapeLike.Replace(string(q.Kind)), ""
	if kind == "" || strings.HasSuffix(kind, ".") {
		kind += "%"
	}
	if q.Text != "" {
		text = "%" + escapeLike.Replace(strings.ToLower(q.Text)) + "%"
	}
	until := int64(math.MaxInt64)
	if !q.Until.IsZero() {
		until = db.Millis(q.Until)
	}
	rows, err := tx.Rows(statement, key, q.Attempt, q.Enrollment, q.Person, kind, q.After, q.Before, db.Millis(q.Since), q.Limit,
		until, q.Actor, text)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	defer rows.Close()
	var list []Event
	for rows.Next() {
		var e Event
		var at int64
		var params string
		if err := rows.Scan(&e.Seq, &e.ID, &at, &e.Kind, &e.Actor, &e.Attempt, &e.Enrollment, &e.Person, &params); err != nil {
			return nil, fmt.Errorf("list events: %w", err)
		}
		e.At = db.Time(at)
		if err := json.Unmarshal([]byte(params), &e.Params); err != nil {
			return nil, fmt.Errorf("read event %s: %w", e.ID, err)
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// About counts the events of an enrollment, and says when the first one was.
func (l *Log) About(ctx context.Context, enrollment string) (n int, since time.Time, err error) {
	err = l.db.View(ctx, func(tx *db.Tx) error {
		var first int64
		err := tx.Row(`SELECT COUNT(*), COALESCE(MIN(at), 0) FROM events WHERE enrollment = $1 AND enrollment <> ''`, enrollment).Scan(&n, &first)
		since = db.Time(first)
		return err
	})
	if err != nil {
		return 0, since, fmt.Errorf("count events: %w", err)
	}
	return n, since, nil
}

// elsewhere is how often Wait looks for the events of other processes.
const elsewhere = 2 * time.Second

// Wait returns as soon as there is an event after the cursor, with the newest cursor. When ctx ends first, it returns
// the newest cursor that there is and no error.
func (l *Log) Wait(ctx context.Context, after int64) (int64, error) {
	for {
		news := l.next()
		latest, err := l.latest(context.WithoutCancel(ctx))
		if err != nil || latest > after {
			return latest, err
		}
		look := time.NewTimer(elsewhere)
		select {
		case <-news:
		case <-look.C:
		case <-ctx.Done():
			look.Stop()
			return latest, nil
		}
		look.Stop()
	}
}

func (l *Log) latest(ctx context.Context) (seq int64, err error) {
	err = l.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`SELECT COALESCE(MAX(seq), 0) FROM events`).Scan(&seq)
	})
	if err != nil {
		return 0, fmt.Errorf("look for news: %w", err)
	}
	return seq, nil
}
