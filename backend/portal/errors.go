package portal

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// welcome says whether this phone may go on. A phone that signs in again is enrolled already.
func welcome(now settings.Settings, a enroll.Attempt) error {
	if a.Again() {
		return nil
	}
	return enroll.Welcome(now, enroll.Family(a.Product), a.System())
}

// verdict says what a person can do about an error.
type verdict struct {
	status int  // an error status ends the enrollment on the phone (docs/PROTOCOL.md, 4): only where there is no way on
	retry  bool // the page offers to try again
	call   bool // the page says whom to ask, and the reference
}

var (
	wayOn   = verdict{http.StatusOK, true, false}
	askIT   = verdict{http.StatusOK, true, true}
	over    = verdict{http.StatusForbidden, false, false}
	overAsk = verdict{http.StatusForbidden, false, true}
)

// judge turns an error into the text that explains it and what can be done about it. This is the only place that
// chooses a status.
func judge(err error) (text.Key, verdict) {
	var wrong *directory.WrongError
	var locked *directory.LockedError
	var limit *enroll.LimitError
	var old *enroll.OldError
	var long *http.MaxBytesError
	switch {
	case errors.Is(err, errMissing):
		return "g.required", wayOn
	case errors.Is(err, errUnticked):
		return "terms.unticked", wayOn
	case errors.Is(err, errChanged):
		return "terms.changed", wayOn
	case errors.Is(err, errName):
		return "device.bad_name", wayOn
	case errors.As(err, &wrong) && wrong.Left == 1:
		return "e.password_last", wayOn
	case errors.As(err, &wrong):
		return "e.password", wayOn
	case errors.As(err, &locked):
		return "e.locked", wayOn
	case errors.Is(err, directory.ErrCodeUnknown):
		return "e.code", wayOn
	case errors.Is(err, directory.ErrCodeUsed):
		return "e.code_used", askIT
	case errors.Is(err, directory.ErrPasswordExpired):
		return "e.password_expired", wayOn
	case errors.Is(err, directory.ErrDisabled):
		return "e.account_disabled", askIT
	case errors.Is(err, directory.ErrNotAllowed):
		return "e.not_allowed", askIT
	case errors.Is(err, directory.ErrNoManagedAccount):
		return "e.no_managed_account", askIT
	case errors.As(err, &limit):
		return "e.device_limit", askIT
	case errors.Is(err, directory.ErrUnavailable):
		return "e.directory_down", wayOn
	case errors.Is(err, directory.ErrBusy):
		return "e.too_many", wayOn
	case errors.Is(err, enroll.ErrNotReady):
		return "e.push_problem", askIT
	case errors.Is(err, enroll.ErrClosed):
		return "e.closed", overAsk
	case errors.Is(err, enroll.ErrKind):
		return "e.device_kind", overAsk
	case errors.As(err, &old):
		return "e.os_old", overAsk
	case errors.Is(err, errSpent):
		return "e.replay", wayOn
	case errors.Is(err, enroll.ErrSessionUsed):
		return "e.replay", over
	case errors.Is(err, enroll.ErrSessionExpired):
		return "e.session", over
	case errors.Is(err, enroll.ErrSessionUnknown):
		return "e.session", verdict{status: http.StatusNotFound}
	case errors.As(err, &long):
		return "e.unknown", verdict{status: http.StatusRequestEntityTooLarge}
	case errors.Is(err, errForm), errors.Is(err, directory.ErrIdentifier):
		return "e.unknown", verdict{status: http.StatusBadRequest}
	default:
		return "e.unknown", askIT // our failure; the person may be luckier in a moment
	}
}

// again says whether an error is one for the same page: the person sees what was typed and corrects it.
func again(err error) bool {
	var wrong *directory.WrongError
	return errors.As(err, &wrong) || errors.Is(err, directory.ErrCodeUnknown)
}

// reasonOf is how the attempt remembers what went wrong: "password", "locked".
func reasonOf(key text.Key) string {
	_, reason, _ := strings.Cut(string(key), ".")
	return strings.TrimSuffix(reason, "_last")
}

// fail draws the page for an error and logs what an operator should know.
func (v *visit) fail(err error) {
	ctx := v.r.Context()
	if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
		return // nobody is there to read it
	}
	if errors.Is(err, enroll.ErrSessionUsed) && v.attempt.Again() && v.attempt.Step == enroll.StepDone {
		v.Step = 0
		v.draw("again_done", http.StatusOK)
		return
	}
	key, what := judge(err)
	switch {
	case key == "e.unknown" && what.status == http.StatusOK:
		v.site.Log.ErrorContext(ctx, "page failed", "attempt", v.attempt.ID, "ref", v.attempt.Ref, "err", err)
	case what.status != http.StatusOK:
		v.site.Log.InfoContext(ctx, "page refused", "attempt", v.attempt.ID, "ref", v.attempt.Ref, "status", what.status, "reason", err)
	}
	if errors.Is(err, enroll.ErrClosed) || errors.Is(err, enroll.ErrKind) || strings.HasPrefix(string(key), "e.os") {
		v.note(ctx, err)
	}
	v.explain(err)
	v.Problem, v.Retry, v.Ask, v.Step, v.Back, v.RetryPage = key, what.retry, what.call, 0, "", v.page
	if v.attempt.Spent && v.page == "" {
		v.RetryPage = pagePassword
	}
	v.draw("error", what.status)
}

// explain fills the variables of an error.
func (n *view) explain(err error) {
	var locked *directory.LockedError
	var limit *enroll.LimitError
	if errors.As(err, &locked) {
		n.vars["unlock_time"] = n.in(locked.Wait)
	}
	if errors.As(err, &limit) {
		n.vars["device_limit"] = strconv.Itoa(limit.Most)
	}
}

// in says how long something takes: "in 12 minutes". A time of day would be that of the server's time zone.
func (n *view) in(wait time.Duration) string {
	minutes := int((wait + time.Minute - 1) / time.Minute)
	if minutes <= 1 {
		return n.words.Text(n.language, "g.in_a_minute", nil)
	}
	return n.words.Count(n.language, "g.in_minutes", minutes)
}
