package portal_test

import (
	"bytes"
	"html"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
)

var newcomer = directory.NewPerson{Identifier: "ben@nordlicht.example", Name: "Ben Lund"}

var handOver = regexp.MustCompile(`^apple-remotemanagement-user-login://authentication-results\?access-token=[A-Za-z0-9_-]{40,}$`)

// walk goes along with the pages behind a sign-in, as a person who agrees to all of it, and gives the last answer.
func walk(t *testing.T, w *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	t.Helper()
	h := houseOf(t)
	for range 20 {
		switch {
		case w.Code == http.StatusSeeOther:
			w = h.get(w.Header().Get("Location"), nil)
		case w.Code == http.StatusOK && strings.Contains(w.Body.String(), `type="password"`):
			return w
		case w.Code == http.StatusOK:
			f := firstForm(w.Body.String())
			if f.action == "" {
				return w
			}
			w = h.post(f.action, f.values)
		default:
			return w
		}
	}
	t.Error("the pages do not end")
	return w
}

// form is what a browser sends of a page's first form, when its first button is pressed.
type form struct {
	action string
	values url.Values
}

var (
	formTag   = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)"[^>]*>(.*?)</form>`)
	inputTag  = regexp.MustCompile(`<(input|button)\b[^>]*>`)
	attribute = regexp.MustCompile(`([a-z-]+)(?:="([^"]*)")?`)
)

func firstForm(page string) form {
	found := formTag.FindStringSubmatch(page)
	if found == nil {
		return form{}
	}
	f := form{html.UnescapeString(found[1]), url.Values{}}
	pressed := false
	for _, tag := range inputTag.FindAllString(found[2], -1) {
		a := map[string]string{}
		for _, m := range attribute.FindAllStringSubmatch(tag[strings.Index(tag, " ")+1:], -1) {
			a[m[1]] = html.UnescapeString(m[2])
		}
		_, required := a["required"]
		switch name := a["name"]; {
		case strings.HasPrefix(tag, "<button"):
			if !pressed && name != "" {
				f.values.Set(name, a["value"])
			}
			pressed = true
		case name == "" || (a["type"] == "checkbox" || a["type"] == "radio") && (!required || f.values.Has(name)):
		default:
			f.values.Set(name, a["value"])
		}
	}
	return f
}

// handedOver checks the answer that gives the phone its token (Apple, "Implementing the simple
// authentication account-driven enrollment flow").
func handedOver(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	w = walk(t, w)
	if w.Code != http.StatusPermanentRedirect || !handOver.MatchString(w.Header().Get("Location")) {
		t.Errorf("got %d to %q; want 308 to the phone", w.Code, w.Header().Get("Location"))
	}
	if w.Body.Len() != 0 || w.Header().Get("Content-Length") != "0" {
		t.Errorf("the 308 has a body of %d bytes, Content-Length %q", w.Body.Len(), w.Header().Get("Content-Length"))
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Error("the 308 may be kept: a phone would be handed the same token again")
	}
}

func TestRightPasswordHandsOver(t *testing.T) {
	t.Parallel()
	h := build(t)
	path := h.knock("de", "iPhone17,2")
	handedOver(t, h.signIn(path, " Anna@Nordlicht.example ", password))
	a := h.attempt(path)
	if a.Step != enroll.StepSignedIn || a.Person != anna || a.ManagedAccount != anna || a.Name != "Anna Berg" {
		t.Errorf("attempt is %s of %q (%q) with %q", a.Step, a.Person, a.Name, a.ManagedAccount)
	}
}

func TestDoubleTapIsHarmless(t *testing.T) {
	t.Parallel()
	h := build(t)
	path := h.knock("de", "iPhone17,2")
	handedOver(t, h.signIn(path, anna, password))
	handedOver(t, h.signIn(path, anna, password))
	if got := h.attempt(path).Step; got != enroll.StepSignedIn {
		t.Errorf("attempt is %s", got)
	}
}

func TestMistakesStayInTheSheet(t *testing.T) {
	t.Parallel()
	h := build(t)
	path := h.knock("de", "iPhone17,2")
	for _, x := range []struct{ password, want string }{
		{"wrong", "Account oder Passwort stimmt nicht."},
		{"", "Bitte füllen Sie dieses Feld aus."},
		{"wrong", "Account oder Passwort stimmt nicht."},
		{"wrong", "Account oder Passwort stimmt nicht."},
		{"wrong", "noch einen Versuch"},
	} {
		w := h.signIn(path, anna, x.password)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), x.want) {
			t.Errorf("password %q: got %d without %q", x.password, w.Code, x.want)
		}
		if !strings.Contains(w.Body.String(), `value="`+anna+`"`) {
			t.Errorf("password %q: the identifier is lost", x.password)
		}
		if x.password != "" && strings.Contains(w.Body.String(), `"wrong"`) {
			t.Error("the page repeats the password")
		}
	}
	if got := h.attempt(path); got.Reason != "password" || got.Step != enroll.StepKnocked {
		t.Errorf("attempt is %s because of %q", got.Step, got.Reason)
	}

	// From the fifth wrong one on, the right one does not help.
	for _, x := range []struct {
		password string
		later    time.Duration
		want     string
	}{
		{"wrong", 0, "in 15 Minuten weiter"},
		{password, 3*time.Minute + time.Second, "in 12 Minuten weiter"},
		{password, 11 * time.Minute, "in einer Minute weiter"},
	} {
		h.clock.Add(x.later)
		if w := h.signIn(path, anna, x.password); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), x.want) {
			t.Errorf("locked: got %d without %q", w.Code, x.want)
		}
	}
	if got := h.attempt(path).Reason; got != "locked" {
		t.Errorf("attempt is stuck because of %q, want locked", got)
	}

	h.clock.Add(15*time.Minute + time.Second)
	handedOver(t, h.signIn(h.knock("de", "iPhone17,2"), anna, password))
}

// A door that is shut writes down once that somebody stands before it, and in the end does not look any more.
func TestLockedDoorIsQuiet(t *testing.T) {
	t.Parallel()
	h := build(t)
	path := h.knock("en", "iPhone17,2")
	for range 5 {
		h.signIn(path, anna, "wrong")
	}
	before := h.attempt(path).UpdatedAt
	h.clock.Add(time.Second)
	for range 20 {
		h.signIn(path, anna, password)
	}
	list, err := h.events.List(t.Context(), event.Query{Kind: enroll.Stuck})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Params["reason"] != "password" || list[1].Params["reason"] != "locked" {
		t.Errorf("25 tries left %+v, want one event of the password and one of the lock", list)
	}
	if a := h.attempt(path); a.UpdatedAt != before || a.Reason != "locked" {
		t.Errorf("the attempt was written again at %s, reason %q", a.UpdatedAt, a.Reason)
	}
}

// Phones leave a plus sign in their query as it is.
func TestPlusInTheIdentifier(t *testing.T) {
	t.Parallel()
	h := build(t)
	const tagged, spaced = "anna+work@nordlicht.example", "berg, anna"
	path := h.knock("en", "iPhone17,2")
	field := regexp.MustCompile(`name="identifier"[^>]* value="([^"]*)"`)
	for query, want := range map[string]string{
		"user-identifier=anna+work@nordlicht.example":       tagged,
		"user-identifier=anna%2Bwork%40nordlicht.example":   tagged,
		"user-identifier=berg,%20anna":                      spaced,
		"user-identifier=berg%2C%20anna&language=de&other=": spaced,
	} {
		page := h.serve(httptest.NewRequestWithContext(t.Context(), http.MethodGet, path+"?"+query, nil)).Body.String()
		if got := field.FindStringSubmatch(page); got == nil || html.UnescapeString(got[1]) != want {
			t.Errorf("?%s: the field has %q, want %q", query, got, want)
		}
		// The page's own links bring it back.
		for _, link := range regexp.MustCompile(`href="(/signin/[^"]*user-identifier[^"]*)"`).FindAllStringSubmatch(page, -1) {
			next := h.serve(httptest.NewRequestWithContext(t.Context(), http.MethodGet, html.UnescapeString(link[1]), nil)).Body.String()
			if got := field.FindStringSubmatch(next); got == nil || html.UnescapeString(got[1]) != want {
				t.Errorf("by the link %s: the field has %q, want %q", link[1], got, want)
			}
		}
	}
}

func TestSecondDomainIsShown(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.set(func(s *settings.Settings) { s.Domains = []string{"nordlicht.example", "südlicht.example"} })
	path := h.knock("en", "iPhone17,2")
	for identifier, want := range map[string]string{
		"": "nordlicht.example", "ann": "nordlicht.example", "ann@elsewhere.example": "nordlicht.example",
		"ann@SÜDLICHT.example": "xn--sdlicht-n2a.example",
	} {
		page := h.get(path, url.Values{"user-identifier": {identifier}, "other": {""}}).Body.String()
		if !strings.Contains(page, `placeholder="Example: name@`+want+`"`) {
			t.Errorf("for %q the hint is not %s", identifier, want)
		}
	}
}

func TestUnknownPeopleGetTheSameAnswer(t *testing.T) {
	t.Parallel()
	h := build(t)
	path := h.knock("en", "iPhone17,2")
	for i := range 7 {
		known, unknown := h.signIn(path, anna, "wrong"), h.signIn(path, "nobody@nordlicht.example", "wrong")
		same := strings.ReplaceAll(unknown.Body.String(), "nobody", "anna")
		if same != known.Body.String() || unknown.Code != known.Code {
			t.Fatalf("try %d tells whether somebody exists", i+1)
		}
	}
}

func TestCode(t *testing.T) {
	t.Parallel()
	h := build(t)
	code, err := h.directory.Add(t.Context(), newcomer)
	if err != nil {
		t.Fatal(err)
	}
	send := func(path, code string) *httptest.ResponseRecorder {
		return h.post(path+"/code", url.Values{"identifier": {newcomer.Identifier}, "code": {code}})
	}
	path := h.knock("en", "iPhone17,2")
	if w := send(path, "AAAA-AAAA-AAAA"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "We do not know this code") {
		t.Errorf("made-up code: got %d", w.Code)
	}
	typed := strings.ToLower(strings.ReplaceAll(code.Reveal(), "-", " "))
	handedOver(t, send(path, typed))
	handedOver(t, send(path, typed)) // a double tap
	if w := send(h.knock("en", "iPhone17,2"), code.Reveal()); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "already used") {
		t.Errorf("the code of another attempt: got %d, want the page that says it was used", w.Code)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	h := build(t)
	if w := h.get("/signin/made-up", nil); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "start again in Settings") {
		t.Errorf("a session that we never gave: got %d, want 404 with a way on", w.Code)
	}
	if w := h.signIn("/signin/made-up", anna, password); w.Code != http.StatusNotFound {
		t.Errorf("sign-in on a session that we never gave: got %d, want 404", w.Code)
	}
	path := h.knock("de", "iPhone17,2")
	h.clock.Add(16 * time.Minute)
	w := h.signIn(path, anna, password)
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "Sie waren eine Weile weg") {
		t.Errorf("an old session: got %d, want 403 in the phone's language", w.Code)
	}
	if w.Header().Get("Location") != "" {
		t.Error("an old session hands over")
	}
}

func TestWhoMayNot(t *testing.T) {
	t.Parallel()
	h := build(t)
	path := h.knock("en", "iPad14,3")
	h.set(func(s *settings.Settings) { s.Enrollment.Platforms = []string{"iPhone"} })
	if w := h.signIn(path, anna, password); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "cannot be enrolled at Nordlicht") {
		t.Errorf("an iPad where only iPhones may: got %d", w.Code)
	}
	h.set(func(s *settings.Settings) {
		s.ManagedAccount = settings.ManagedAccount{Rule: settings.RuleAttribute, Attribute: "mail"}
	})
	path = h.knock("en", "iPhone17,2")
	if w := h.signIn(path, anna, password); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "no Managed Apple Account for you yet") {
		t.Errorf("no Managed Apple Account: got %d", w.Code)
	}
	if got := h.attempt(path); got.Step != enroll.StepKnocked || got.Reason != "no_managed_account" {
		t.Errorf("attempt is %s because of %q", got.Step, got.Reason)
	}
}

func TestHostileRequests(t *testing.T) {
	t.Parallel()
	h := build(t)
	path := h.knock("en", "iPhone17,2")
	for name, identifier := range map[string]string{
		"markup": "<script>alert(1)</script>@nordlicht.example", "5,000 letters": strings.Repeat("a", 5000),
		"NUL": "anna\x00@nordlicht.example", "right-to-left override": "anna\u202e@nordlicht.example",
		"broken UTF-8": "anna\xff@nordlicht.example", "new line": "anna@nordlicht.example\r\nX: y",
	} {
		for _, w := range []*httptest.ResponseRecorder{
			h.get(path, url.Values{"user-identifier": {identifier}}),
			h.signIn(path, identifier, password),
			h.post(path+"/code", url.Values{"identifier": {identifier}, "code": {"0000"}}),
		} {
			if w.Code != http.StatusBadRequest {
				t.Errorf("%s: got %d, want 400", name, w.Code)
			}
			if strings.Contains(w.Body.String(), "alert(1)") || strings.ContainsAny(w.Body.String(), "\x00\u202e") {
				t.Errorf("%s: the page repeats it", name)
			}
		}
	}
	if a := h.attempt(path); a.Reason != "" || a.Step != enroll.StepKnocked {
		t.Errorf("hostile requests changed the attempt: %s because of %q", a.Step, a.Reason)
	}
	if !strings.Contains(h.log.String(), "not an identifier that a person could have") {
		t.Error("the log has no reason for the refusals")
	}

	// What may be a name, however odd, is a wrong try and nothing more.
	for _, identifier := range []string{"*", "anna*", "*)(uid=*))(|(uid=*", `anna"><b>`[:5], "'; DROP TABLE local_accounts; --"} {
		if w := h.signIn(path, identifier, password); w.Code != http.StatusOK || w.Header().Get("Location") != "" {
			t.Errorf("identifier %q: got %d, want the page again", identifier, w.Code)
		}
	}
}

func TestForeignForms(t *testing.T) {
	t.Parallel()
	h := build(t)
	path := h.knock("en", "iPhone17,2")
	send := func(contentType string, body []byte) int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(body))
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
		return h.serve(r).Code
	}
	right := []byte(url.Values{"identifier": {anna}, "password": {password}}.Encode())
	var parts bytes.Buffer
	form := multipart.NewWriter(&parts)
	if err := form.WriteField("identifier", anna); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		got, want int
	}{
		"multipart":  {send(form.FormDataContentType(), parts.Bytes()), http.StatusBadRequest},
		"JSON":       {send("application/json", []byte(`{"identifier":"`+anna+`"}`)), http.StatusBadRequest},
		"no type":    {send("", right), http.StatusBadRequest},
		"bad escape": {send("application/x-www-form-urlencoded", []byte("identifier=%zz")), http.StatusBadRequest},
		"17 kB":      {send("application/x-www-form-urlencoded", bytes.Repeat([]byte("a=b&"), 5000)), http.StatusRequestEntityTooLarge},
		"charset":    {send("application/x-www-form-urlencoded; charset=UTF-8", right), http.StatusSeeOther},
	} {
		if x.got != x.want {
			t.Errorf("%s: got %d, want %d", name, x.got, x.want)
		}
	}
}

func TestLanguageIsKept(t *testing.T) {
	t.Parallel()
	h := build(t)
	path := h.knock("de-AT", "iPhone17,2")
	page := h.get(path, url.Values{"user-identifier": {anna}, "language": {"en"}})
	if !strings.Contains(page.Body.String(), `<html lang="en"`) {
		t.Error("the chosen language is not shown")
	}
	again := h.post(path, url.Values{"identifier": {anna}, "password": {"wrong"}})
	if !strings.Contains(again.Body.String(), "Account or password is not right.") {
		t.Error("the chosen language is lost after a mistake")
	}
	next := h.signIn(path, anna, password).Header().Get("Location")
	if page := h.get(next, nil).Body.String(); !strings.Contains(page, "Your iPhone stays yours") {
		t.Error("the chosen language is lost after the sign-in")
	}
	if page := h.get(next, url.Values{"language": {"tlh"}}).Body.String(); !strings.Contains(page, `<html lang="en"`) {
		t.Error("a language that nobody offers is chosen")
	}
	path = h.knock("de-AT", "iPhone17,2")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.Header.Set("Accept-Language", "en-US")
	if w := h.serve(r); w.Header().Get("Content-Language") != "de" {
		t.Errorf("the browser's language beats the signed one: got %q", w.Header().Get("Content-Language"))
	}
}

func TestOtherAccount(t *testing.T) {
	t.Parallel()
	h := build(t)
	path := h.knock("en", "iPhone17,2")
	closed := h.get(path, url.Values{"user-identifier": {anna}}).Body.String()
	if !strings.Contains(closed, " readonly>") || !strings.Contains(closed, "?other=&amp;user-identifier=anna%40nordlicht.example") {
		t.Error("the identifier is open, or there is no way to open it")
	}
	form := url.Values{"identifier": {"ann@nordlicht.example"}, "password": {"wrong"}, "other": {""}}
	if again := h.post(path, form).Body.String(); strings.Contains(again, " readonly>") || !strings.Contains(again, `value="ann@nordlicht.example"`) {
		t.Error("after a mistake the changed identifier is closed or lost")
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	h := build(t)
	path := h.knock("en", "iPhone17,2")
	for _, w := range []*httptest.ResponseRecorder{
		h.get(path, nil), h.signIn(path, anna, "wrong"), h.signIn(path, anna, password), h.get("/signin/x", nil),
	} {
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; " +
				"form-action 'self' apple-remotemanagement-user-login:; base-uri 'none'; frame-ancestors 'none'",
			"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Set-Cookie": "",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%d: %s is %q, want %q", w.Code, name, got, want)
			}
		}
		if b := w.Body.String(); strings.Contains(b, "<script") || strings.Contains(b, "style=") || strings.Contains(b, "http") {
			t.Errorf("%d: the page has a script, a style of its own or a foreign address", w.Code)
		}
	}
	address := regexp.MustCompile(`/portal/style\.css\?v=[0-9a-f]+`).FindString(h.get(path, nil).Body.String())
	if w := h.get(address, nil); w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/css; charset=utf-8" ||
		!strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("the style sheet %q: got %d, %v", address, w.Code, w.Header())
	}
	if w := h.get("/portal/layout.html", nil); w.Code != http.StatusNotFound {
		t.Errorf("a template is served: got %d", w.Code)
	}
}

func TestSecretsStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	h := build(t)
	path := h.knock("en", "iPhone17,2")
	h.signIn(path, password, "some-password-9") // typed into the wrong field
	h.signIn(path, anna, "some-password-9")
	w := h.signIn(path, anna, password)
	session := strings.Split(strings.TrimPrefix(w.Header().Get("Location"), enroll.SignInPath), "/")[0]
	w = walk(t, w)
	_, token, _ := strings.Cut(w.Header().Get("Location"), "access-token=")
	for name, secret := range map[string]string{"password": password, "wrong password": "some-password-9", "token": token, "session": session} {
		if secret == "" || strings.Contains(h.log.String(), secret) {
			t.Errorf("the log has the %s", name)
		}
	}
}
