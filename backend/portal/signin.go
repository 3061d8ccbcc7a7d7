package portal

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/text"
)

// callbackScheme is the scheme by which the sheet hands over to the phone.
const callbackScheme = "apple-remotemanagement-user-login"

// The names of pages, which are those of their templates.
const (
	pageSignIn = "signin"
	pageCode   = "code"
	pageError  = "error"
)

// errForm is a request that no form of ours makes.
var errForm = errors.New("portal: not a form of ours")

// errMissing says that a field was left empty.
var errMissing = errors.New("portal: a field is empty")

// handle finds the attempt that an address belongs to, calls h, and turns the one error into one page.
func (s *Site) handle(h func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		guard(w.Header())
		v := &visit{site: s, w: w, r: r, session: r.PathValue("session")}
		err := v.begin()
		if err == nil {
			err = h(v)
		}
		if err != nil {
			v.fail(err)
		}
	}
}

// visit is one request of a person in the sheet.
type visit struct {
	site    *Site
	w       http.ResponseWriter
	r       *http.Request
	session string

	words      *text.Catalog
	attempt    enroll.Attempt
	language   text.Language
	chosen     string // the language that the person chose on the page; empty: none
	identifier string // as typed
	editable   bool   // the person asked to change the identifier
	vars       text.Vars
	now        view
}

// begin reads the address and the form, in this order: whatever goes wrong is told in the person's language.
func (v *visit) begin() error {
	ctx, query := v.r.Context(), query(v.r.URL)
	words, failed := v.site.Text.Current(ctx)
	v.words = words
	now, err := v.site.Settings.Get(ctx)
	if err = errors.Join(failed, err); err != nil {
		v.prepare(now)
		return err
	}
	attempt, err := v.site.Enroll.Session(ctx, v.session)
	v.attempt, v.chosen = attempt, query.Get("language")
	v.prepare(now)
	if err != nil {
		return err
	}
	if err := welcome(now, attempt); err != nil {
		return err
	}

	v.identifier, v.editable = query.Get("user-identifier"), query.Has("other")
	if v.r.Method == http.MethodPost {
		if err := v.readForm(); err != nil {
			return err
		}
		v.prepare(now)
	}
	if v.identifier != "" {
		if _, err := directory.Fold(v.identifier); err != nil {
			v.identifier = ""
			return err
		}
	}
	v.prepare(now)
	return nil
}

// query reads the query of an address. Phones put the identifier there and leave a plus sign as it is (Foundation's
// URLComponents does), so it is one here, and not the blank that it stands for in a form.
func query(u *url.URL) url.Values {
	values, _ := url.ParseQuery(strings.ReplaceAll(u.RawQuery, "+", "%2B")) // what can be read of it, as u.Query does
	return values
}

func (v *visit) readForm() error {
	kind, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return errForm
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	if err := v.r.ParseForm(); err != nil {
		return errors.Join(errForm, err)
	}
	form := v.r.PostForm
	v.identifier, v.editable, v.chosen = form.Get("identifier"), form.Has("other"), form.Get("language")
	return nil
}

func (s *Site) showSignIn(v *visit) error { return v.show(pageSignIn, nil) }

func (s *Site) showCode(v *visit) error { return v.show(pageCode, nil) }

// signIn checks a password.
func (s *Site) signIn(v *visit) error {
	password := v.r.PostForm.Get("password")
	if v.identifier == "" || password == "" {
		return v.show(pageSignIn, errMissing)
	}
	return v.prove(pageSignIn, directory.Proof{Password: password})
}

// signInByCode checks an enrollment code.
func (s *Site) signInByCode(v *visit) error {
	code := v.r.PostForm.Get("code")
	if v.identifier == "" || code == "" {
		return v.show(pageCode, errMissing)
	}
	return v.prove(pageCode, directory.Proof{Code: code})
}

// prove lets the directory check the proof and hands the phone its token. A mistake that the person can put right on
// the same page is that page again.
func (v *visit) prove(page string, p directory.Proof) error {
	ctx := v.r.Context()
	p.Identifier, p.Attempt, p.Address = v.identifier, v.attempt.ID, address(v.r)
	person, err := v.site.Directory.Prove(ctx, p)
	if err != nil {
		v.note(ctx, err)
		if again(err) {
			return v.show(page, err)
		}
		return err
	}
	next, _, err := v.site.Enroll.SignIn(ctx, v.session, person)
	if err != nil {
		v.note(ctx, err)
		return err
	}
	token, err := v.site.Enroll.Grant(ctx, next)
	if err != nil {
		v.note(ctx, err)
		return err
	}
	// Apple, "Implementing the simple authentication account-driven enrollment flow": 308 and an empty body.
	h := v.w.Header()
	h.Set("Location", callbackScheme+"://authentication-results?access-token="+url.QueryEscape(string(token)))
	h.Set("Content-Length", strconv.Itoa(0))
	v.w.WriteHeader(http.StatusPermanentRedirect)
	return nil
}

// note remembers where people get stuck.
func (v *visit) note(ctx context.Context, err error) {
	key, _ := judge(err)
	if errors.Is(err, directory.ErrBusy) || errors.Is(err, directory.ErrIdentifier) || ctx.Err() != nil {
		return // nothing of this is about the person
	}
	if err := v.site.Enroll.Note(ctx, v.session, reasonOf(key)); err != nil {
		v.site.Log.WarnContext(ctx, "note on an attempt", "attempt", v.attempt.ID, "err", err)
	}
}

// address is where a request comes from.
func address(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr()
}
