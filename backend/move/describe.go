package move

import (
	"time"

	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/mdm"
)

// State is where a record is, in words: a code for what is so, one for why, one for what to do next. The screen has the
// sentences.
type State struct{ Code, Reason, Next string }

// The codes of a record's states.
const (
	StateNoPerson = "no_person" // nobody is known whose phone it is
	StateToInvite = "to_invite"
	StateInvited  = "invited"
	StateTrying   = "trying" // its person has begun to enroll
	StateMoved    = "moved"
	StateRemoved  = "removed" // and is taken from the list
	StateLeftOut  = "left_out"
)

// Codes lists all codes, in the order of a move.
func Codes() []string {
	return []string{StateNoPerson, StateToInvite, StateInvited, StateTrying, StateMoved, StateRemoved, StateLeftOut}
}

// Evidence is what there is about a record besides itself.
type Evidence struct {
	Phone    *mdm.Phone      // the one here that it is
	Other    *mdm.Phone      // another one of its person that no record stands for, of the same kind
	Attempt  *enroll.Attempt // that its person has begun
	Left     bool            // a phone like it was enrolled here, and left
	SignsIn  bool            // its person can sign in, as far as we know
	Deadline time.Time
}

// remindAfter is after how many days somebody may be asked again.
const remindAfter = 7 * 24 * time.Hour

// Describe says where a record is. It is the only place that decides this.
func Describe(r Record, e Evidence, now time.Time) State {
	switch {
	case r.Settled == LeftOut:
		return State{StateLeftOut, "said_so", "none"}
	case !r.RemovedAt.IsZero() && r.GoneAt.IsZero() && r.listedAt.After(r.RemovedAt):
		return State{StateRemoved, "still_listed", "delete_there"}
	case !r.RemovedAt.IsZero():
		return State{StateRemoved, "removed", "none"}
	case r.Settled == SettledMoved:
		return State{StateMoved, "said_so", "remove_previous"}
	case e.Phone != nil:
		return State{StateMoved, "enrolled", "remove_previous"}
	case r.Person == "" && r.Guess != "":
		return State{StateNoPerson, "unsure", "confirm_person"}
	case r.Person == "" && r.Email == "" && r.Account == "" && r.Full == "":
		return State{StateNoPerson, "not_in_list", "choose_person"}
	case r.Person == "":
		return State{StateNoPerson, "nobody_matches", "choose_person"}
	case e.Attempt != nil:
		s := enroll.Describe(*e.Attempt, now)
		return State{StateTrying, s.Reason, s.Next}
	case e.Other != nil:
		return State{started(r), "other_phone", "say_whether_same"}
	case r.InvitedAt.IsZero() && !e.SignsIn:
		return State{StateToInvite, "no_account", "add_and_invite"}
	case r.InvitedAt.IsZero():
		return State{StateToInvite, "not_invited", "invite"}
	}
	return invited(r, e, now)
}

func started(r Record) string {
	if r.InvitedAt.IsZero() {
		return StateToInvite
	}
	return StateInvited
}

func invited(r Record, e Evidence, now time.Time) State {
	last := r.InvitedAt
	if r.RemindedAt.After(last) {
		last = r.RemindedAt
	}
	next := "wait"
	if now.Sub(last) >= remindAfter {
		next = "remind"
	}
	switch {
	case e.Left:
		return State{StateInvited, "left_again", "ask_person"}
	case !e.Deadline.IsZero() && now.After(e.Deadline):
		return State{StateInvited, "deadline_passed", "remind"}
	case !r.GoneAt.IsZero():
		return State{StateInvited, "profile_gone", next}
	case r.Kind == ByProfile:
		return State{StateInvited, "old_profile", next}
	}
	return State{StateInvited, "still_there", next}
}
