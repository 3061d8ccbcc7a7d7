package mdm

import (
	"strconv"
	"time"
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
)

// Describe says in which state an enrollment is, from the evidence. It is the only place that decides this, so a state
// cannot be forgotten in a column.
func (s *Server) Describe(e Enrollment, now time.Time) State { return describe(e, now) }

func describe(e Enrollment, now time.Time) State {
	silent := now.Sub(e.LastSeenAt)
	params := map[string]string{"last_seen_at": stamp(e.LastSeenAt), "silent_days": days(silent)}
	say := func(code, reason, next string) State {
		return State{Code: code, Reason: reason, Next: next, Params: params}
	}
	switch e.Stage {
	case StageArchived:
		params["ended_at"] = stamp(e.EndedAt)
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
	case e.Push.Outcome == "accepted" && e.Push.SentAt.After(e.LastSeenAt) && now.Sub(e.Push.SentAt) > answersWithin:
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

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func days(d time.Duration) string { return strconv.Itoa(int(d / (24 * time.Hour))) }
