package enroll

import "time"

// State is where an attempt is, in words: a code for what is so, one for why, one for what to do next. The screen has
// the sentences.
type State struct{ Code, Reason, Next string }

// The codes of an attempt's states. Those of an enrollment, from Authenticate on, are in package mdm.
const (
	SigningIn       = "signing_in"        // the sign-in page is open on the phone, or was
	Answering       = "answering"         // signed in; reads what the organization sees, agrees, names the phone
	WaitingForApple = "waiting_for_apple" // has the profile; Settings asks for the Managed Apple Account's password
	Installing      = "installing"        // has the certificate; the phone says hello in a moment
	Finished        = "finished"
)

// Codes lists all codes, in the order of an attempt.
func Codes() []string { return []string{SigningIn, Answering, WaitingForApple, Installing, Finished} }

// patience is how long a step may take before somebody should look.
const patience = 10 * time.Minute

// Describe says where an attempt is. It is the only place that decides this.
func Describe(a Attempt, now time.Time) State {
	code := map[string]string{
		StepKnocked: SigningIn, StepSignedIn: Answering, StepOffered: WaitingForApple, StepIdentified: Installing, StepDone: Finished,
	}[a.Step]
	if code == "" {
		code = SigningIn
	}
	if code == Finished {
		return State{code, "enrolled", "none"}
	}
	silent := now.Sub(a.UpdatedAt) > patience
	switch {
	case a.Reason != "":
		return State{code, a.Reason, "look_at_reason"}
	case silent && code == WaitingForApple:
		return State{code, "profile_not_installed", "ask_for_managed_account_password"}
	case silent && code == Installing:
		return State{code, "no_token_update", "ask_person_to_start_again"}
	case silent:
		return State{code, "gave_up", "ask_person_to_start_again"}
	}
	return State{code, "in_progress", "wait"}
}

// Stuck says that somebody should look.
func (s State) Stuck() bool { return s.Next != "none" && s.Next != "wait" }
