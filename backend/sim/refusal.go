package sim

import (
	"errors"
	"fmt"
	"net/http"
)

// Refusal says that an iPhone would not go on, and by which rule. Rule is a short name for tests, Source the paper and
// section that has the rule, Detail what was seen.
type Refusal struct {
	Rule   string
	Source string
	Detail string
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("an iPhone refuses this (%s): %s [%s]", r.Rule, r.Detail, r.Source)
}

func refuse(rule, source, format string, args ...any) *Refusal {
	return &Refusal{Rule: rule, Source: source, Detail: fmt.Sprintf(format, args...)}
}

// StatusError is an answer of the server that is no success and breaks no rule: the phone stops or tries again later.
type StatusError struct {
	What    string // which request
	Status  int
	Code    string // of Apple's error document, if there was one
	Message string // of Apple's error document or the page, shown to the person
	Body    []byte
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s: the server answered %d %s", e.What, e.Status, http.StatusText(e.Status))
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// SignInError says that the web sheet still shows a page after we tried to sign in. The sheet is open: SignIn may be
// called again.
type SignInError struct {
	Message string // what the page says, for a person
	Page    string // its HTML
}

func (e *SignInError) Error() string { return "sign-in: the page says: " + e.Message }

// SCEPError is a refusal of the certificate authority in the words of SCEP.
type SCEPError struct {
	Status   string // pkiStatus
	FailInfo string
}

func (e *SCEPError) Error() string {
	return fmt.Sprintf("certificate request: pkiStatus %s, failInfo %s", e.Status, e.FailInfo)
}

var (
	// ErrSignInAgain says that the server asked the person to sign in again (401 with a challenge).
	ErrSignInAgain = errors.New("sim: the server asks the person to sign in again")
	// ErrNotEnrolled says that the phone is not under management (any more).
	ErrNotEnrolled = errors.New("sim: the phone is not enrolled")
	// ErrOffline says that the phone has no network at the moment.
	ErrOffline = errors.New("sim: the phone is offline")
	// ErrOrder says that a step was called before the one it needs.
	ErrOrder = errors.New("sim: this step needs an earlier one")
)
