package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/sim"
)

// Rehearsal is whom the simulated iPhone signs in as.
type Rehearsal struct {
	Identifier string
	Password   string
	// Progress, if it is set, hears of each step as it ends.
	Progress func(Step)
}

// Report is the verdict.
type Report struct {
	OK    bool
	Steps []Step
	Took  time.Duration
}

// Step is one step of the way.
type Step struct {
	Name string // push_certificate, discover, knock, sign_in, fetch_profile, request_identity, authenticate, update_token, commands, leave, clean_up
	OK   bool
	Took time.Duration
	// Code says why it did not work: a word for the screen, with Detail in the words of Apple's rule or of the server.
	Code   string
	Detail string
}

// Errors of a rehearsal that cannot begin.
var (
	ErrStopped = errors.New("doctor: no server is running on this data")
	ErrRunning = errors.New("doctor: another rehearsal is running")
)

// longest is how long a rehearsal may take, and how long its device is believed at most.
const longest = 3 * time.Minute

// Rehearse lets the simulated iPhone go through the whole enrollment against the running server. The report says how
// far it came; an error means that there was no rehearsal. Nothing of it is left behind.
func (d *Doctor) Rehearse(ctx context.Context, r Rehearsal) (Report, error) {
	address := d.Public()
	if address == "" {
		return Report{}, ErrStopped
	}
	if err := d.sweep(ctx); err != nil {
		return Report{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	device, err := sim.NewSecretDevice()
	if err != nil {
		return Report{}, fmt.Errorf("make the device of a rehearsal: %w", err)
	}
	roots, err := d.roots()
	if err != nil {
		return Report{}, err
	}
	if err := d.begin(ctx, device.PEM()); err != nil {
		return Report{}, err
	}
	w := &walk{doctor: d, progress: r.Progress, began: d.DB.Now()}
	phone := sim.NewPhone(sim.PhoneOptions{
		Name: "Rehearsal", Roots: roots, Dial: sim.DialTo(address), Device: device,
	})
	w.steps(ctx, phone, r)
	phone.Close()
	w.step("clean_up", func() error { return d.finish(context.WithoutCancel(ctx), phone.EnrollmentID()) })
	return w.report(), nil
}

// walk is the way of one phone through the enrollment. After a step that fails, the others are not tried.
type walk struct {
	doctor   *Doctor
	progress func(Step)
	began    time.Time
	list     []Step
}

func (w *walk) step(name string, do func() error) bool {
	from := w.doctor.DB.Now()
	err := do()
	s := Step{Name: name, OK: err == nil, Took: w.doctor.DB.Now().Sub(from)}
	if err != nil {
		s.Code, s.Detail = reason(err)
	}
	w.list = append(w.list, s)
	if w.progress != nil {
		w.progress(s)
	}
	return s.OK
}

func (w *walk) report() Report {
	r := Report{OK: true, Steps: w.list, Took: w.doctor.DB.Now().Sub(w.began)}
	for _, s := range w.list {
		r.OK = r.OK && s.OK
	}
	return r
}

func (w *walk) steps(ctx context.Context, phone *sim.Phone, r Rehearsal) {
	d := w.doctor
	_ = w.step("push_certificate", func() error { return d.topic(ctx) }) &&
		w.step("discover", func() error { _, err := phone.Discover(ctx, r.Identifier); return err }) &&
		w.step("knock", func() error {
			challenge, err := phone.Knock(ctx)
			if err != nil {
				return err
			}
			return d.remember(ctx, challenge.URL, phone.EnrollmentID())
		}) &&
		w.step("sign_in", func() error {
			if _, err := phone.OpenSheet(ctx); err != nil {
				return err
			}
			return phone.SignIn(ctx, r.Password)
		}) &&
		w.step("fetch_profile", func() error { _, err := phone.FetchProfile(ctx); return err }) &&
		w.step("request_identity", func() error { _, err := phone.RequestIdentity(ctx); return err }) &&
		w.step("authenticate", func() error { return phone.Authenticate(ctx) }) &&
		w.step("update_token", func() error { return phone.UpdateToken(ctx) }) &&
		w.step("commands", func() error {
			if _, err := phone.Poll(ctx); err != nil {
				return err
			}
			if asked := phone.Complaints(); len(asked) > 0 {
				return &asked[0]
			}
			return nil
		}) &&
		w.step("leave", func() error { return phone.Leave(ctx) })
}

// topic says whether a profile can be made at all: it names the topic of the push certificate.
func (d *Doctor) topic(ctx context.Context) error {
	return d.DB.View(ctx, func(tx *db.Tx) error {
		_, err := d.APNS.Current(tx)
		return err
	})
}

// reason turns what stopped the phone into a word and a detail.
func reason(err error) (code, detail string) {
	var refusal *sim.Refusal
	var signIn *sim.SignInError
	var status *sim.StatusError
	var scep *sim.SCEPError
	switch {
	case errors.Is(err, apns.ErrNoCertificate):
		return "push_certificate_missing", ""
	case errors.As(err, &refusal):
		return "apple_rule", fmt.Sprintf("%s (%s): %s", refusal.Rule, refusal.Source, refusal.Detail)
	case errors.As(err, &signIn):
		return "sign_in_refused", signIn.Message
	case errors.As(err, &scep):
		return "certificate_refused", scep.Error()
	case errors.As(err, &status):
		return "server_refused", status.Error()
	case certificateProblem(err) != "":
		return "certificate_" + certificateProblem(err), err.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "too_slow", ""
	}
	return "failed", err.Error()
}

// sessionOf is the attempt's one-time link, from which the attempt is known: the last part of the challenge's address.
func sessionOf(challenge string) string {
	u, err := url.Parse(challenge)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(path.Base(u.Path), "/")
}

// attemptOf finds the attempt behind a challenge. Also a session that is used up names its attempt.
func (d *Doctor) attemptOf(ctx context.Context, challenge string) (string, error) {
	a, err := d.Enroll.Session(ctx, sessionOf(challenge))
	if a.ID != "" || errors.Is(err, enroll.ErrSessionUnknown) {
		return a.ID, nil
	}
	return a.ID, err
}
