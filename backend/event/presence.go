package event

import (
	"context"
	"fmt"
	"log/slog"
	"sort"
	"time"

	"example.org/gatehouse/backend/db"
)

// Why phones could not reach us.
const (
	Off         = "off"         // the server did not run
	Asleep      = "asleep"      // the computer slept, or stood still
	Unreachable = "unreachable" // the server ran; its listener did not answer, or could not write, or there was no network
	ClockSet    = "clock"       // nobody was away: the clock was set, and these hours never were
	Still       = "still"       // it is not over yet, so nobody knows
)

const (
	// beatEvery is how often we make sure that phones can reach us.
	beatEvery = 30 * time.Second
	// bridged is the longest silence between two beats that is no gap: a restart, or a late beat.
	bridged = 2 * time.Minute
)

// Gap is a time in which phones could not reach us.
type Gap struct {
	From, Until time.Time
	Reason      string
}

// Absence is when phones could not reach us within some time: gaps that do not overlap, in order.
type Absence struct {
	Gaps []Gap
	// Began is when we began to keep track; about the time before it nothing is known, and it counts as presence.
	Began time.Time

	before []time.Duration // the length of all gaps before each
}

// Absences reads when phones could not reach us between two moments. The future is no absence.
func Absences(tx *db.Tx, from, to time.Time) (Absence, error) {
	var a Absence
	var began int64
	if err := tx.Row(`SELECT COALESCE(MIN(from_at), 0) FROM presence`).Scan(&began); err != nil {
		return a, fmt.Errorf("read the hours of presence: %w", err)
	}
	if began == 0 {
		return a, nil
	}
	a.Began = db.Time(began)
	start, end := max(db.Millis(from), began), min(db.Millis(to), db.Millis(tx.Now))
	rows, err := tx.Rows(`
		SELECT from_at, until_at, reason
		FROM presence
		WHERE until_at >= $1
		ORDER BY from_at, until_at`, start)
	if err != nil {
		return a, fmt.Errorf("read the hours of presence: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var here, gone int64
		var reason string
		if err := rows.Scan(&here, &gone, &reason); err != nil {
			return a, fmt.Errorf("read the hours of presence: %w", err)
		}
		a.add(start, min(here, end), reason)
		start = max(start, gone)
	}
	if end > start && db.Millis(tx.Now)-start > bridged.Milliseconds() {
		a.add(start, end, Still)
	}
	return a, rows.Err()
}

func (a *Absence) add(from, until int64, reason string) {
	if until <= from {
		return
	}
	a.before = append(a.before, a.Total())
	a.Gaps = append(a.Gaps, Gap{From: db.Time(from), Until: db.Time(until), Reason: reason})
}

// Total is how long all gaps were together.
func (a Absence) Total() time.Duration {
	n := len(a.Gaps)
	if n == 0 {
		return 0
	}
	return a.before[n-1] + a.Gaps[n-1].Until.Sub(a.Gaps[n-1].From)
}

// Within is how much of a part of the time we were away.
func (a Absence) Within(from, to time.Time) time.Duration {
	return max(0, a.until(to)-a.until(from))
}

// until is how long we were away before a moment.
func (a Absence) until(at time.Time) time.Duration {
	i := sort.Search(len(a.Gaps), func(i int) bool { return a.Gaps[i].From.After(at) }) - 1
	if i < 0 {
		return 0
	}
	return a.before[i] + min(at.Sub(a.Gaps[i].From), a.Gaps[i].Until.Sub(a.Gaps[i].From))
}

// Away is how long phones could not reach us between two moments. Whoever asks for many phones calls [Absences] once.
func Away(tx *db.Tx, from, to time.Time) (time.Duration, error) {
	a, err := Absences(tx, from, to)
	return a.Total(), err
}

// Present notes that phones could reach us from one moment to another. The reason is what had kept us away before, should
// this be the end of a gap.
func Present(tx *db.Tx, from, until time.Time, reason string) error {
	n, err := tx.Exec(`
		UPDATE presence SET
			from_at = CASE WHEN from_at < $1 THEN from_at ELSE $1 END,
			until_at = CASE WHEN until_at > $2 THEN until_at ELSE $2 END
		WHERE from_at <= $3 AND until_at >= $4`,
		db.Millis(from), db.Millis(until), db.Millis(until.Add(bridged)), db.Millis(from.Add(-bridged)))
	if err == nil && n == 0 {
		_, err = tx.Exec(`INSERT INTO presence (from_at, until_at, reason) VALUES ($1, $2, $3)`, db.Millis(from), db.Millis(until), reason)
	}
	if err != nil {
		return fmt.Errorf("note that we are here: %w", err)
	}
	return nil
}

// Attend makes sure every half minute that phones can reach us, and notes it, until ctx ends. What is not noted is a gap
// afterwards, whatever the reason. Several processes may attend to one database: somebody was here if one of them was.
func (l *Log) Attend(ctx context.Context, log *slog.Logger, reach func(context.Context) error) error {
	w := newWatch(l.db, log, reach)
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		w.beat(ctx)
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			w.leave(last)
			return nil
		case <-tick.C:
		}
	}
}

// watch is what one process remembers between two beats.
type watch struct {
	db     *db.DB
	log    *slog.Logger
	reach  func(context.Context) error
	uptime func() time.Duration // no clock that can be set, and it goes on while the computer sleeps

	at      time.Time     // when we looked last; zero: never
	up      time.Duration // the uptime then
	failing bool          // phones could not reach us then
	reason  string        // what has kept us away since the last beat; "" if nothing
}

func newWatch(d *db.DB, log *slog.Logger, reach func(context.Context) error) *watch {
	return &watch{db: d, log: log, reach: reach, uptime: uptime, reason: Off}
}

// beat looks whether phones can reach us, and notes it if they can.
func (w *watch) beat(ctx context.Context) {
	if stood := w.stoodStill(); stood != "" && w.reason == "" {
		w.reason = stood // what came first is what kept us away
	}
	w.at, w.up = w.db.Now(), w.uptime()
	err := w.reach(ctx)
	if err == nil {
		err = w.note(ctx)
	}
	switch {
	case err == nil && w.failing:
		w.log.InfoContext(ctx, "phones can reach us again")
	case err != nil && ctx.Err() == nil && !w.failing:
		w.log.WarnContext(ctx, "phones cannot reach us", "err", err)
	}
	w.failing = err != nil
	if w.failing && w.reason == "" {
		w.reason = Unreachable
	}
}

func (w *watch) note(ctx context.Context) error {
	err := w.db.Update(ctx, func(tx *db.Tx) error { return Present(tx, tx.Now, tx.Now, w.reason) })
	if err == nil {
		w.reason = ""
	}
	return err
}

// leave notes that we were here until now, unless we know better.
func (w *watch) leave(ctx context.Context) {
	if w.reason != "" || w.stoodStill() != "" {
		return
	}
	if err := w.note(ctx); err != nil {
		w.log.WarnContext(ctx, "the end of our presence was not noted", "err", err)
	}
}

// stoodStill says why more time than usual has passed since we looked; "" if it has not.
func (w *watch) stoodStill() string {
	if w.at.IsZero() {
		return ""
	}
	clock, truth := w.db.Now().Sub(w.at), w.uptime()-w.up
	switch {
	case (clock - truth).Abs() > bridged:
		return ClockSet
	case truth > bridged:
		return Asleep
	}
	return ""
}
