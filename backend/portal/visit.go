package portal

import (
	"bytes"
	"context"
	"errors"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/text"
)

// callbackScheme is the scheme by which the sheet hands over to the phone.
const callbackScheme = "apple-remotemanagement-user-login"

// errForm is a request that no form of ours makes.
var errForm = errors.New("portal: not a form of ours")

// errMissing says that a field was left empty.
var errMissing = errors.New("portal: a field is empty")

// errSpent says that somebody has signed in under this address and went on under another.
var errSpent = errors.New("portal: somebody has signed in here")

// visit is one request of a person in the sheet.
type visit struct {
	*view
	site    *Site
	w       http.ResponseWriter
	r       *http.Request
	session string
	page    string // as in the address; empty: the first

	attempt enroll.Attempt
	plan    plan // of a person who has signed in
}

// handle finds the attempt that an address belongs to, calls h, and turns the one error into one page.
func (s *Site) handle(h func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		guard(w.Header())
		v := &visit{site: s, w: w, r: r, session: r.PathValue("session"), page: r.PathValue("page"), view: &view{site: s}}
		v.at = v.address
		err := v.begin()
		if err == nil {
			err = h(v)
		}
		if err != nil {
			v.fail(err)
		}
	}
}

// begin reads the address and the form, in this order: whatever goes wrong is told in the person's language.
func (v *visit) begin() error {
	ctx, query := v.r.Context(), query(v.r.URL)
	words, err := v.site.Text.Current(ctx)
	v.words = words
	if err == nil {
		v.now, err = v.site.Settings.Get(ctx)
	}
	if err == nil {
		v.look, err = v.site.lookOf(ctx, v.now, "")
	}
	if err != nil {
		v.speak()
		return err
	}
	v.attempt, err = v.site.Enroll.Session(ctx, v.session)
	if err != nil {
		v.speak()
		if errors.Is(err, enroll.ErrSessionUnknown) {
			v.attempt.Ref = v.site.Enroll.Lost(ctx)
			v.speak()
		}
		return err
	}
	if chosen := query.Get("language"); chosen != "" && chosen != v.attempt.Chosen && v.offers(chosen) {
		if err := v.site.Enroll.Speak(ctx, v.session, chosen); err != nil {
			return err
		}
		v.attempt.Chosen = chosen
	}
	v.speak()
	if err := welcome(v.now, v.attempt); err != nil {
		return err
	}
	v.Identifier, v.Open = query.Get("user-identifier"), query.Has("other")
	if v.r.Method == http.MethodPost {
		if err := v.readForm(); err != nil {
			return err
		}
	}
	if v.Identifier != "" {
		if _, err := directory.Fold(v.Identifier); err != nil {
			v.Identifier = ""
			return err
		}
	}
	v.speak()
	return nil
}

// offers says whether phones are offered a language.
func (v *visit) offers(tag string) bool {
	return slices.ContainsFunc(v.words.Languages(v.language), func(l text.Language) bool { return l.Tag() == tag })
}

// speak chooses the language and fills the variables.
func (v *visit) speak() {
	v.language = v.words.Match(v.now.Language, v.attempt.Chosen, v.attempt.Language, v.r.Header.Get("Accept-Language"))
	v.person = personOf(v.attempt)
	v.fill()
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
	v.Identifier, v.Open = v.field("identifier"), v.r.PostForm.Has("other")
	return nil
}

// field is what was typed into a field.
func (v *visit) field(name string) string { return strings.TrimSpace(v.r.PostForm.Get(name)) }

// address is where a page of this visit is, with what was typed on the sign-in page.
func (v *visit) address(page string, extra url.Values) string {
	q := url.Values{}
	if v.Identifier != "" && !v.attempt.Proven {
		q.Set("user-identifier", v.Identifier)
	}
	for name, values := range extra {
		q[name] = values
	}
	path := sheetPath(v.session, page)
	if len(q) == 0 {
		return path
	}
	return path + "?" + strings.ReplaceAll(q.Encode(), "+", "%20") // [query] takes a plus sign for one
}

func sheetPath(session, page string) string {
	path := enroll.SignInPath + url.PathEscape(session)
	if page != "" {
		path += "/" + page
	}
	return path
}

// open shows the page of the address, or leads to the one that is due.
func (v *visit) open() error {
	if !v.attempt.Proven {
		return v.openDoor()
	}
	if err := v.planned(); err != nil {
		return err
	}
	switch {
	case v.page == pageDeclined && v.attempt.Page == pageDeclined:
		v.Back = pageTerms
	case !v.plan.reached(v.page):
		return v.lead(v.session, v.plan.next())
	}
	return v.ask(v.page, nil)
}

// planned finds the pages that this person meets.
func (v *visit) planned() error {
	err := v.site.DB.View(v.r.Context(), func(tx *db.Tx) (err error) {
		v.plan, err = v.planIn(tx, v.attempt)
		return err
	})
	v.Step, v.Steps, v.Back = v.plan.place(v.page)
	return err
}

// lead sends the browser to a page. It is a GET then, so that a reload sends no form again.
func (v *visit) lead(session, page string) error {
	h := v.w.Header()
	h.Set("Location", sheetPath(session, page))
	h.Set("Content-Length", "0")
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// handOver gives the phone its token (Apple, "Implementing the simple authentication account-driven enrollment flow":
// 308 and an empty body).
func (v *visit) handOver(session string) error {
	token, err := v.site.Enroll.Grant(v.r.Context(), session)
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Location", callbackScheme+"://authentication-results?access-token="+url.QueryEscape(string(token)))
	h.Set("Content-Length", "0")
	v.w.WriteHeader(http.StatusPermanentRedirect)
	return nil
}

// show draws a page. err is what was wrong with what was typed before; nil: nothing yet.
func (v *visit) show(page string, err error) error {
	if err != nil {
		v.Problem, _ = judge(err)
		v.Missing = errors.Is(err, errMissing)
	}
	v.draw(page, http.StatusOK)
	return nil
}

// draw writes the page, whole or not at all.
func (v *visit) draw(page string, status int) {
	var b bytes.Buffer
	if err := v.render(&b, page); err != nil {
		v.site.Log.ErrorContext(v.r.Context(), "draw page", "page", page, "err", err)
		http.Error(v.w, "", http.StatusInternalServerError)
		return
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.language.Tag())
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	v.w.WriteHeader(status)
	v.w.Write(b.Bytes())
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
