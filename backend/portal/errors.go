package portal

import (
	"context"
	"errors"
	"net/http"
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
	var long *http.MaxBytesError
	switch {
	case errors.Is(err, errMissing):
		return "g.required", wayOn
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
	case errors.Is(err, directory.ErrUnavailable):
		return "e.directory_down", wayOn
	case errors.Is(err, directory.ErrBusy):
		return "e.too_many", wayOn
	case errors.Is(err, enroll.ErrClosed):
		return "e.closed", overAsk
	case errors.Is(err, enroll.ErrKind):
		return "e.device_kind", overAsk
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
	key, what := judge(err)
	switch {
	case key == "e.unknown" && what.status == http.StatusOK:
		v.site.Log.ErrorContext(ctx, "page failed", "attempt", v.attempt.ID, "ref", v.attempt.Ref, "err", err)
	case what.status != http.StatusOK:
		v.site.Log.InfoContext(ctx, "page refused", "attempt", v.attempt.ID, "ref", v.attempt.Ref, "status", what.status, "reason", err)
	}
	var locked *directory.LockedError
	if errors.As(err, &locked) {
		v.vars["unlock_time"] = v.in(locked.Wait)
	}
	v.now.Problem, v.now.Retry, v.now.Ask = key, what.retry, what.call
	v.draw(pageError, what.status)
}

// in says how long something takes: "in 12 minutes". A time of day would be that of the server's time zone.
func (v *visit) in(wait time.Duration) string {
	minutes := int((wait + time.Minute - 1) / time.Minute)
	if minutes <= 1 {
		return v.words.Text(v.language, "g.in_a_minute", nil)
	}
	return v.words.Count(v.language, "g.in_minutes", minutes)
}
