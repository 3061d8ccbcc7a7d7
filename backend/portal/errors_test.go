package portal

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/text"
)

// An error status ends the enrollment on the phone: it is for what is over, and for what no person sends.
func TestEveryErrorHasItsText(t *testing.T) {
	t.Parallel()
	words, err := text.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		err    error
		key    text.Key
		status int
	}{
		{errMissing, "g.required", 200},
		{&directory.WrongError{Left: 3}, "e.password", 200},
		{&directory.WrongError{Left: 1}, "e.password_last", 200},
		{&directory.LockedError{Until: time.Time{}}, "e.locked", 200},
		{directory.ErrCodeUnknown, "e.code", 200},
		{directory.ErrCodeUsed, "e.code_used", 200},
		{directory.ErrPasswordExpired, "e.password_expired", 200},
		{directory.ErrDisabled, "e.account_disabled", 200},
		{directory.ErrNotAllowed, "e.not_allowed", 200},
		{directory.ErrNoManagedAccount, "e.no_managed_account", 200},
		{directory.ErrUnavailable, "e.directory_down", 200},
		{directory.ErrBusy, "e.too_many", 200},
		{errors.New("the database is gone"), "e.unknown", 200},
		{enroll.ErrClosed, "e.closed", 403},
		{enroll.ErrKind, "e.device_kind", 403},
		{enroll.ErrSessionUsed, "e.replay", 403},
		{enroll.ErrSessionExpired, "e.session", 403},
		{enroll.ErrSessionUnknown, "e.session", 404},
		{directory.ErrIdentifier, "e.unknown", 400},
		{errForm, "e.unknown", 400},
		{&http.MaxBytesError{}, "e.unknown", 413},
	} {
		key, what := judge(fmt.Errorf("tried something: %w", x.err))
		if key != x.key || what.status != x.status {
			t.Errorf("%v: got %s with %d, want %s with %d", x.err, key, what.status, x.key, x.status)
		}
		if !words.Has(key) {
			t.Errorf("%v: there is no text %s", x.err, key)
		}
	}
}
