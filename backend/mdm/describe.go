package mdm

import (
	"context"
	"slices"
	"strconv"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// State is an enrollment's state in words: a code for what is so, one for why, one for what to do next. The screen has
// the sentences; Params are what they mention.
type State struct {
	Code   string
	Reason string
	Next   string
	Params map[string]string
}

// The codes of states.
const (
	Waiting         = "waiting"           // has a certificate, has not finished: the person is at Apple's sign-in
	Managed         = "enrolled"          // all is well
	Quiet           = "quiet"             // silent, and not woken in vain yet
	Asleep          = "asleep"            // woken, Apple accepted, no answer
	ProbablyRemoved = "probably_removed"  // Apple says that nobody listens any more
	MustEnrollAgain = "must_enroll_again" // its identity has expired; it cannot be reached ever again
	Removed         = "removed"
	Archived        = "archived"
)

// Codes lists all codes, in the order of a phone's life.
func Codes() []string {
	return []string{Waiting, Managed, Quiet, Asleep, ProbablyRemoved, MustEnrollAgain, Removed, Archived}
}

const (
	// patience is how long after Authenticate a phone may take to finish before somebody should look.
	patience = time.Hour
	// quietAfter: phones that nobody asks anything call about daily, for declarative management's full report.
	quietAfter = 7 * 24 * time.Hour
	// answersWithin is how long a phone that is on may take to answer a push.
	answersWithin = 24 * time.Hour
	// ArchivedFor is how long an archived record can be brought back.
	ArchivedFor = 30 * 24 * time.Hour
)

// Moment is a time with the hours before it in which phones could not reach us. Their silence in those says nothing.
type Moment struct {
	Now  time.Time
	Away event.Absence
}

// Moment is now.
func (s *Server) Moment(ctx context.Context) (m Moment, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		m, err = s.moment(tx)
		return err
	})
	return m, err
}

func (s *Server) moment(tx *db.Tx) (Moment, error) {
	away, err := event.Absences(tx, tx.Now.Add(-remembered), tx.Now)
	return Moment{Now: tx.Now, Away: away}, err
}

// remembered is how far back hours away are looked at. Whoever was silent for longer is silent.
const remembered = 3 * 365 * 24 * time.Hour

// Silent is for how long a phone was not heard while it could have been.
func (m Moment) Silent(e Enrollment) time.Duration { return m.since(e.LastSeenAt) }

// since is for how long we could be reached since a time.
func (m Moment) since(t time.Time) time.Duration { return m.Now.Sub(t) - m.Away.Within(t, m.Now) }

// before is the time from which on a phone must have been heard to be silent for no longer than d.
func (m Moment) before(d time.Duration) time.Time {
	end := m.Now
	for _, gap := range slices.Backward(m.Away.Gaps) {
		if !gap.From.Before(end) {
			continue
		}
		if served := end.Sub(gap.Until); served > 0 {
			if d < served {
				break
			}
			d -= served
		}
		end = gap.From
	}
	return end.Add(-d)
}

// Describe says in which state an enrollment is, from the evidence. It is the only place that decides this, so a state
// cannot be forgotten in a column; stateCode says the same to the database, and a test holds the two together.
func Describe(e Enrollment, m Moment) State {
	now, silent := m.Now, m.Silent(e)
	params := map[string]string{"last_seen_at": stamp(e.LastSeenAt), "silent_days": days(silent)}
	if away := m.Away.Within(e.LastSeenAt, now); away >= time.Hour {
		params["away_hours"] = strconv.Itoa(int(away / time.Hour))
	}
	say := func(code, reason, next string) State {
		if !e.RetiringAt.IsZero() && slices.Contains([]string{Managed, Quiet, Asleep}, code) {
			params["asked_at"] = stamp(e.RetiringAt)
			reason, next = "retiring", "wait_until_it_connects"
		}
		return State{Code: code, Reason: reason, Next: next, Params: params}
	}
	switch e.Stage {
	case StageArchived:
		params["archived_at"] = stamp(e.ArchivedAt)
		params["until"] = stamp(e.ArchivedAt.Add(ArchivedFor))
		return say(Archived, "archived_by_administrator", "none")
	case StageRemoved:
		params["ended_at"] = stamp(e.EndedAt)
		if e.EndedBy == EndedByUs {
			return say(Removed, "removed_on_request", "none")
		}
		return say(Removed, "removed_on_phone", "none")
	case StageAuthenticated:
		params["since"] = stamp(e.AuthenticatedAt)
		if now.Sub(e.AuthenticatedAt) > patience {
			return say(Waiting, "not_finished", "ask_person_to_start_again")
		}
		return say(Waiting, "installing", "wait")
	}
	switch {
	case !e.IdentityExpiresAt.IsZero() && !now.Before(e.IdentityExpiresAt):
		params["expired_at"] = stamp(e.IdentityExpiresAt)
		return say(MustEnrollAgain, "identity_expired", "ask_person_to_enroll_again")
	case e.Push.GoneAt.After(e.LastSeenAt) || !e.Push.GoneAt.IsZero() && e.Push.SentAt.After(e.LastSeenAt):
		params["gone_at"] = stamp(e.Push.GoneAt)
		return say(ProbablyRemoved, "push_unregistered", "ask_person_or_archive")
	case e.Push.Outcome == "accepted" && e.Push.SentAt.After(e.LastSeenAt) && m.since(e.Push.SentAt) > answersWithin:
		params["sent_at"] = stamp(e.Push.SentAt)
		return say(Asleep, "woken_in_vain", "wait_or_ask_person")
	case silent > quietAfter && !e.Push.Reachable:
		return say(Quiet, "no_push_token", "wait_or_ask_person")
	case silent > quietAfter && e.Push.Outcome == "refused":
		return say(Quiet, "push_refused", "wait_or_ask_person")
	case silent > quietAfter:
		return say(Quiet, "silent", "wake")
	}
	return say(Managed, "in_touch", "none")
}

// stateCode is Describe for the database: the place of the state's code in Codes, from 1. It takes three parameters: now,
// and the times before which a phone must have been woken, or heard, to count as silent. What most phones are comes first,
// since a list computes this for each of them.
const stateCode = `CASE e.stage
	WHEN 'enrolled' THEN CASE
		WHEN e.last_seen_at >= %[2]s AND e.gone_at = 0 AND e.identity_expires_at > %[1]s THEN 2
		WHEN e.identity_expires_at > 0 AND e.identity_expires_at <= %[1]s THEN 6
		WHEN e.gone_at > e.last_seen_at OR e.gone_at > 0 AND e.sent_at > e.last_seen_at THEN 5
		WHEN e.outcome = 'accepted' AND e.sent_at > e.last_seen_at AND e.sent_at < %[2]s THEN 4
		WHEN e.last_seen_at < %[3]s THEN 3
		ELSE 2 END
	WHEN 'archived' THEN 8
	WHEN 'removed' THEN 7
	ELSE 1 END`

// stateCode's parameters.
func (m Moment) states() []any {
	return []any{db.Millis(m.Now), db.Millis(m.before(answersWithin)), db.Millis(m.before(quietAfter))}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func days(d time.Duration) string { return strconv.Itoa(int(d / (24 * time.Hour))) }
