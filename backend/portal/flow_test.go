package portal_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/portal"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// publish makes words those that phones see.
func (h *house) publish(newTerms bool, changes ...text.Change) {
	h.t.Helper()
	if err := h.text.Save(h.t.Context(), "en", changes...); err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.text.Publish(h.t.Context(), "en", text.Publication{NewTerms: &newTerms}); err != nil {
		h.t.Fatal(err)
	}
}

// terms publishes terms in English.
func (h *house) terms(body string) {
	h.t.Helper()
	h.publish(true, text.Change{Language: "en", Key: "terms.body", Words: body})
}

// enter signs anna in on a new phone and gives the address of the first page behind it. She has a code, since passwords
// take long on purpose.
func (h *house) enter(language, product string) string {
	h.t.Helper()
	code, err := h.directory.NewCode(h.t.Context(), anna)
	if err != nil {
		h.t.Fatal(err)
	}
	w := h.post(h.knock(language, product)+"/code", url.Values{"identifier": {anna}, "code": {code.Reveal()}})
	if w.Code != http.StatusSeeOther {
		h.t.Fatalf("sign-in: got %d", w.Code)
	}
	return w.Header().Get("Location")
}

// where is the page of an address, "privacy".
func where(address string) string { return address[strings.LastIndex(address, "/")+1:] }

// at is the address of another page of the same session.
func at(address, page string) string { return address[:strings.LastIndex(address, "/")+1] + page }

// tour goes along with the pages and says which there were.
func (h *house) tour(address string) (pages []string, last int) {
	h.t.Helper()
	for range 20 {
		pages = append(pages, where(address))
		f := firstForm(h.get(address, nil).Body.String())
		w := h.post(f.action, f.values)
		if w.Code != http.StatusSeeOther {
			return pages, w.Code
		}
		address = w.Header().Get("Location")
	}
	return pages, 0
}

func TestPagesThatAreAskedFor(t *testing.T) {
	t.Parallel()
	h := build(t)
	expect := func(what string, want ...string) {
		t.Helper()
		got, last := h.tour(h.enter("en", "iPhone17,2"))
		if !slices.Equal(got, want) || last != http.StatusPermanentRedirect {
			t.Errorf("%s: got %v and %d, want %v and 308", what, got, last, want)
		}
		h.clock.Add(time.Hour) // nobody starts again
	}
	portalIs := func(fn func(*settings.Portal)) {
		h.set(func(s *settings.Settings) { s.Portal = settings.Defaults().Portal; fn(&s.Portal) })
	}
	expect("without terms", "privacy", "device", "done")
	h.terms("Be kind.")
	expect("with terms", "privacy", "terms", "device", "done")
	expect("terms that were agreed to", "privacy", "device", "done")
	h.terms("Be kind and wise.")
	portalIs(func(p *settings.Portal) { p.Order = settings.TermsFirst })
	expect("other terms, first", "terms", "privacy", "device", "done")
	h.terms("Be kind, wise and quick.")
	portalIs(func(p *settings.Portal) { p.Order = settings.Together })
	expect("both on one page", "terms", "device", "done")
	expect("both, and the terms are agreed to", "privacy", "device", "done")
	portalIs(func(p *settings.Portal) { p.Privacy = false })
	expect("without privacy", "device", "done")
	h.terms("Be nothing.")
	portalIs(func(p *settings.Portal) { p.Terms, p.Device = false, false })
	expect("without terms and name", "privacy", "done")
	portalIs(func(p *settings.Portal) { p.Privacy, p.Terms, p.Device = false, false, false })
	expect("with nothing but the hand-off", "done")
	portalIs(func(*settings.Portal) {})
	h.set(func(s *settings.Settings) {
		s.Enrollment.Groups = []settings.Group{{Name: "Office", People: []string{anna}}, {Name: "Warehouse", People: []string{anna}}}
	})
	expect("in two groups", "privacy", "terms", "group", "device", "done")
	portalIs(func(p *settings.Portal) { p.Group = false })
	expect("in two groups that nobody asks for", "privacy", "device", "done")
	h.set(func(s *settings.Settings) { s.Enrollment.Groups = s.Enrollment.Groups[:1] })
	portalIs(func(*settings.Portal) {})
	expect("in one group", "privacy", "device", "done")
	list, err := h.enroll.Attempts(t.Context(), enroll.AttemptQuery{Limit: 1})
	if err != nil || list[0].Group != "Office" || list[0].Nickname != "Anna's work iPhone" || list[0].Page != enroll.PageHandedOver {
		t.Errorf("the last attempt: %+v, %v", list, err)
	}
}

// TestFirstAddressIsWorthNothingAfterTheSignIn: whoever made the phone knock, and passed the link on, gets nothing.
func TestFirstAddressIsWorthNothingAfterTheSignIn(t *testing.T) {
	t.Parallel()
	h := build(t)
	first := h.knock("en", "iPhone17,2")
	next := h.signIn(first, anna, password).Header().Get("Location")
	if strings.HasPrefix(next, first) {
		t.Fatalf("the session stays %s", first)
	}
	w := h.get(first, nil)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "This step was already done") || strings.Contains(w.Body.String(), anna) {
		t.Errorf("the first address: got %d %s", w.Code, w.Body)
	}
	for _, page := range []string{"/privacy", "/terms", "/device", "/same", "/done", "/declined", "/nonsense"} {
		for _, w := range []*http.Response{h.get(first+page, nil).Result(), h.post(first+page, url.Values{"text": {""}}).Result()} {
			if w.StatusCode == http.StatusPermanentRedirect || strings.Contains(w.Header.Get("Location"), "access-token") {
				t.Errorf("%s hands over", page)
			}
			if w.StatusCode != http.StatusSeeOther && w.StatusCode != http.StatusOK {
				t.Errorf("%s: got %d", page, w.StatusCode)
			}
		}
	}
	if w := h.signIn(first, "ben@nordlicht.example", password); w.Header().Get("Location") != "" {
		t.Error("somebody else signs in where anna has")
	}
	handedOver(t, h.get(next, nil))
}

func TestBackReloadTwoTabsAndDoubleTaps(t *testing.T) {
	t.Parallel()
	h := build(t)
	page := h.enter("en", "iPhone17,2")
	if w := h.get(at(page, "done"), nil); w.Code != http.StatusSeeOther || where(w.Header().Get("Location")) != "privacy" {
		t.Errorf("a page that is not due: got %d to %q, want the one that is", w.Code, w.Header().Get("Location"))
	}
	if w := h.post(at(page, "done"), nil); w.Code != http.StatusSeeOther {
		t.Errorf("the hand-off before the pages: got %d", w.Code)
	}
	if w := h.get(at(page, "nonsense"), nil); w.Code != http.StatusSeeOther {
		t.Errorf("a page that is none: got %d", w.Code)
	}
	f := firstForm(h.get(page, nil).Body.String())
	for range 2 { // a double tap
		if w := h.post(f.action, f.values); where(w.Header().Get("Location")) != "device" {
			t.Errorf("privacy: led to %q", w.Header().Get("Location"))
		}
	}
	// The browser's way back, another answer in another tab, and on again.
	device := at(page, "device")
	for _, name := range []string{"First", "Second"} {
		if w := h.post(device, url.Values{"device_name": {name}}); where(w.Header().Get("Location")) != "done" {
			t.Errorf("device: led to %q", w.Header().Get("Location"))
		}
		if body := h.get(device, nil).Body.String(); !strings.Contains(body, `value="`+name+`"`) || !strings.Contains(body, `href="`+at(page, "privacy")+`"`) {
			t.Errorf("the way back does not show %q, or leads no further back", name)
		}
	}
	if w := h.get(page, nil); w.Code != http.StatusOK {
		t.Errorf("all the way back: got %d", w.Code)
	}
	for range 2 {
		if w := h.post(at(page, "done"), nil); w.Code != http.StatusPermanentRedirect {
			t.Errorf("hand-off: got %d", w.Code)
		}
	}
	if w := h.get(page, nil); w.Code != http.StatusOK {
		t.Errorf("a reload after the hand-off: got %d", w.Code)
	}
	h.clock.Add(16 * time.Minute)
	if w := h.get(page, nil); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "Reference: ") {
		t.Errorf("sixteen minutes later: got %d, want 403 with the reference", w.Code)
	}
}

func TestNameOfThePhone(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.set(func(s *settings.Settings) { s.Portal.Privacy = false })
	page := h.enter("en", "iPad14,3")
	if body := h.get(page, nil).Body.String(); !strings.Contains(body, `value="Anna&#39;s work iPad"`) {
		t.Errorf("no suggestion in %s", body)
	}
	for _, name := range []string{"", "x", "<b>bold</b>", "tab\x00", "right\u202eleft", strings.Repeat("x", 61), "…", "----"} {
		w := h.post(page, url.Values{"device_name": {name}})
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "2 to 60 letters") || strings.Contains(w.Body.String(), "<b>bold") {
			t.Errorf("name %q: got %d", name, w.Code)
		}
		if name == "x" && !strings.Contains(w.Body.String(), `value="x"`) {
			t.Error("what was typed is lost")
		}
	}
	for typed, want := range map[string]string{
		"  Anna's   iPhone ": "Anna's iPhone", "هاتف ليلى": "هاتف ليلى", "雪のiPhone 2": "雪のiPhone 2", "Zoe\u0308's": "Zoë's", "R&D (blue), no. 7": "R&D (blue), no. 7",
	} {
		if w := h.post(page, url.Values{"device_name": {typed}}); w.Code != http.StatusSeeOther {
			t.Errorf("name %q: got %d", typed, w.Code)
		}
		if a := h.attempt(strings.TrimSuffix(page, "/device")); a.Nickname != want {
			t.Errorf("name %q: got %q, want %q", typed, a.Nickname, want)
		}
	}
}

func TestTermsAreProved(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.set(func(s *settings.Settings) { s.Portal.Privacy, s.Portal.Device = false, false })
	h.publish(true,
		text.Change{Language: "en", Key: "terms.body", Words: "Be **kind** to {{org_short}}."},
		text.Change{Language: "de", Key: "terms.body", Words: "Seien Sie nett."})
	page := h.enter("de", "iPhone17,2")
	f := firstForm(h.get(page, nil).Body.String())
	if f.values.Get("agree") != "yes" || len(f.values.Get("text")) != 64 {
		t.Fatalf("form: %v", f.values)
	}
	unticked := url.Values{"text": f.values["text"]}
	if w := h.post(f.action, unticked); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Kreuzen Sie") && !strings.Contains(w.Body.String(), `role="alert"`) {
		t.Errorf("without a tick: got %d", w.Code)
	}
	// Terms that change while somebody reads are read once more.
	h.terms("Be kind to all.")
	h.publish(true, text.Change{Language: "de", Key: "terms.body", Words: "Seien Sie nett zu allen."})
	if w := h.post(f.action, f.values); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "zu allen") {
		t.Errorf("other terms than were shown: got %d, want the new ones", w.Code)
	}
	f = firstForm(h.get(page, nil).Body.String())
	for range 2 {
		if w := h.post(f.action, f.values); w.Code != http.StatusSeeOther {
			t.Fatalf("agreed: got %d", w.Code)
		}
	}
	said, err := h.site.Consents(t.Context(), portal.ConsentQuery{})
	if err != nil || len(said) != 1 {
		t.Fatalf("consents: %+v, %v; want one", said, err)
	}
	c := said[0]
	if c.Person != anna || c.Kind != portal.KindTerms || c.Answer != portal.Accepted || c.Language != "de" || c.Version != 3 ||
		c.Hash != f.values.Get("text") || c.Address != "192.0.2.1" {
		t.Errorf("consent: %+v", c)
	}
	shown, err := h.site.ConsentText(t.Context(), c.Hash)
	if err != nil || !strings.Contains(shown, "Seien Sie nett zu allen.") || !strings.Contains(shown, "Version 3") {
		t.Errorf("the text of the consent: %q, %v", shown, err)
	}
	version, _, standings, err := h.site.Standings(t.Context())
	if err != nil || version != 3 || len(standings) != 1 || standings[0].State != portal.StandingCurrent {
		t.Errorf("standing: %d %+v, %v", version, standings, err)
	}
	h.clock.Add(time.Hour)
	h.terms("Be kinder.")
	if _, _, s, _ := h.site.Standings(t.Context()); s[0].State != portal.StandingOutdated {
		t.Errorf("after new terms: %+v", s)
	}
	// The terms are asked for again, and say that they have changed. In a language without them, another stands in.
	page = h.enter("fr", "iPhone17,2")
	body := h.get(page, nil).Body.String()
	if where(page) != "terms" || !strings.Contains(body, "Be kinder.") || !strings.Contains(body, "The terms have changed") || !strings.Contains(body, `<html lang="fr"`) ||
		!strings.Contains(body, `lang="en" dir="ltr"`) {
		t.Errorf("new terms in French: %s", body)
	}
	if _, err := h.site.ConsentText(t.Context(), "none"); err == nil {
		t.Error("a text that nobody was shown is found")
	}
}

func TestDecliningLeavesNothingButTheNo(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.set(func(s *settings.Settings) { s.Privacy.Address = false })
	h.terms("Be kind.")
	page := h.enter("en", "iPhone17,2")
	f := firstForm(h.get(page, nil).Body.String())
	terms := h.post(f.action, f.values).Header().Get("Location")
	h.get(terms, nil)
	w := h.post(at(terms, "declined"), nil)
	declined := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || where(declined) != "declined" {
		t.Fatalf("declined: got %d to %q", w.Code, declined)
	}
	if body := h.get(declined, nil).Body.String(); !strings.Contains(body, "Nothing was changed") {
		t.Errorf("the page says %s", body)
	}
	said, err := h.site.Consents(t.Context(), portal.ConsentQuery{})
	if err != nil || len(said) != 1 || said[0].Answer != portal.Refused || said[0].Address != "" {
		t.Errorf("consents: %+v, %v; want the refusal alone, without an address", said, err)
	}
	a := h.attempt(strings.TrimSuffix(declined, "/declined"))
	if a.Reason != "declined" || a.Nickname != "" || len(a.Answered) != 0 {
		t.Errorf("attempt: %+v", a)
	}
	if w := h.post(at(terms, "done"), nil); w.Code == http.StatusPermanentRedirect {
		t.Error("a phone is handed over whose person does not agree")
	}
	// A change of mind begins anew.
	handedOver(t, h.get(at(terms, "terms"), nil))
	if _, _, s, _ := h.site.Standings(t.Context()); s[0].State != portal.StandingCurrent {
		t.Errorf("standing: %+v", s)
	}
}

// TestPhoneThatMayBeKnown is row C14 in the sheet, and the limit of row B8.
func TestPhoneThatMayBeKnown(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.set(func(s *settings.Settings) { s.Portal.Privacy = false; s.Enrollment.MaxPhones = 1 })
	err := h.db.Update(t.Context(), func(tx *db.Tx) error {
		if _, err := tx.Exec(`
			INSERT INTO enrollments (id, person, stage, last_seen_at, identity_expires_at, renewed, authenticated_at, enrolled_at, ended_at, ended_by)
			VALUES ('E-1', $1, 'enrolled', $2, 0, FALSE, 0, 0, 0, '')`, anna, db.Millis(tx.Now)); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO pins (enrollment, attempt, fingerprint, token_digest) VALUES ('E-1', '', '', '')`); err != nil {
			return err
		}
		_, err := tx.Exec(`
			INSERT INTO devices (enrollment, person_name, managed_account, former, product_name, model, model_number, name,
				os_version, os_extra, build, information_at, security_at, status_at, nickname)
			VALUES ('E-1', '', '', '', 'iPhone17,2', '', '', '', '', '', '', 0, 0, 0, 'Old faithful')`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if w := h.signIn(h.knock("en", "iPad14,3"), anna, password); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "limit of work devices (1)") {
		t.Errorf("an iPad beyond the limit: got %d", w.Code)
	}
	page := h.enter("en", "iPhone17,2")
	same := h.post(page, url.Values{"device_name": {"New one"}}).Header().Get("Location")
	if body := h.get(same, nil).Body.String(); where(same) != "same" || !strings.Contains(body, "We know Old faithful") {
		t.Fatalf("after the name comes %q: %s", same, body)
	}
	for _, c := range []struct {
		said string
		code int
	}{{"no", http.StatusOK}, {"unsure", http.StatusOK}, {"", http.StatusOK}, {"yes", http.StatusPermanentRedirect}} {
		done := h.post(same, url.Values{"same": {c.said}}).Header().Get("Location")
		if w := h.post(done, nil); w.Code != c.code {
			t.Errorf("%q: got %d, want %d", c.said, w.Code, c.code)
		}
	}
}

func TestRefusalsInTheSheet(t *testing.T) {
	t.Parallel()
	h := build(t)
	path := h.knock("en", "iPhone17,2")
	h.set(func(s *settings.Settings) { s.Enrollment.MinOS = "26.1" })
	w := h.get(path, nil)
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "version 26.1 or later") || !strings.Contains(w.Body.String(), "Yours is 18.2") {
		t.Errorf("an old system: got %d %s", w.Code, w.Body)
	}
	reference := regexp.MustCompile(`Reference: ([0-9A-Z]{2}-[0-9A-Z]{3})`)
	for _, w := range []string{w.Body.String(), h.get("/signin/never-made", nil).Body.String()} {
		found := reference.FindStringSubmatch(w)
		if found == nil {
			t.Fatalf("a dead end has no reference: %s", w)
		}
		list, err := h.enroll.Attempts(t.Context(), enroll.AttemptQuery{Ref: found[1]})
		if err != nil || len(list) != 1 || list[0].Reason == "" {
			t.Errorf("%s: found %+v, %v", found[1], list, err)
		}
	}
	h.set(func(s *settings.Settings) { s.Enrollment.MinOS = ""; s.Enrollment.Who = settings.Listed })
	if w := h.signIn(path, anna, password); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "not set up for personal devices yet") {
		t.Errorf("on no list: got %d", w.Code)
	}
	h.set(func(s *settings.Settings) { s.Enrollment.People = []string{anna} })
	handedOver(t, h.signIn(path, anna, password))
	if err := h.db.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM push_certificates`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if w := h.signIn(path, anna, password); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "has to renew a certificate first") {
		t.Errorf("without a push certificate: got %d", w.Code)
	}
}

// TestPrivacyPageIsWhatTheServerAsks is row O5: what is switched off vanishes from the page.
func TestPrivacyPageIsWhatTheServerAsks(t *testing.T) {
	t.Parallel()
	h := build(t)
	lines := func() []string {
		t.Helper()
		_, keys, err := h.site.RenderWithKeys(t.Context(), portal.Preview{Page: "privacy", Language: "en"})
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, key := range keys {
			if name, ok := strings.CutPrefix(string(key), "privacy.see."); ok && name != "heading" {
				list = append(list, name)
			}
			if name, ok := strings.CutPrefix(string(key), "privacy.do."); ok && name != "heading" {
				list = append(list, "do "+name)
			}
		}
		return list
	}
	all := []string{"name", "model", "storage", "battery", "passcode", "apps", "settings", "contact", "you", "do lock", "do remove"}
	if d := cmp.Diff(all, lines()); d != "" {
		t.Errorf("lines (-want +got):\n%s", d)
	}
	h.set(func(s *settings.Settings) {
		s.Privacy.Battery, s.Privacy.Storage, s.Privacy.Name, s.Privacy.Passcode = false, false, false, false
	})
	if d := cmp.Diff([]string{"model", "apps", "settings", "contact", "you", "do lock", "do remove"}, lines()); d != "" {
		t.Errorf("lines when less is asked (-want +got):\n%s", d)
	}
	page := h.get(h.enter("en", "iPhone17,2"), nil).Body.String()
	if strings.Contains(page, "battery") || !strings.Contains(page, "serial number") || strings.Contains(page, "After you leave") {
		t.Errorf("the page: %s", page)
	}
	h.set(func(s *settings.Settings) { s.Privacy.KeepDays = 30 })
	if page := h.get(h.enter("en", "iPhone17,2"), nil).Body.String(); !strings.Contains(page, "no longer than 30 days") {
		t.Error("the page does not say how long records stay")
	}
}

// TestConsentsGoWithTheirAttempt: what is erased is erased here too, unless the person has another phone.
func TestConsentsGoWithTheirAttempt(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.terms("Be kind.")
	attempt := func() string {
		t.Helper()
		page := h.enter("en", "iPhone17,2")
		h.tour(page)
		list, err := h.enroll.Attempts(t.Context(), enroll.AttemptQuery{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		return list[0].ID
	}
	erase := func(id string) {
		t.Helper()
		err := h.db.Update(t.Context(), func(tx *db.Tx) error {
			if err := h.site.Retain(tx, id); err != nil {
				return err
			}
			return h.enroll.Erase(tx, id)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	erase(attempt())
	if n := h.number(`SELECT COUNT(*) FROM consents`); n != 0 {
		t.Errorf("%d consents of nobody's phone are left", n)
	}
	h.clock.Add(time.Hour)
	id := attempt()
	if err := h.db.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`
			INSERT INTO enrollments (id, person, stage, last_seen_at, identity_expires_at, renewed, authenticated_at, enrolled_at, ended_at, ended_by)
			VALUES ('E-1', $1, 'enrolled', $2, 0, FALSE, 0, 0, 0, '')`, anna, db.Millis(tx.Now))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	erase(id)
	if n := h.number(`SELECT COUNT(*) FROM consents WHERE kind = 'terms' AND attempt = ''`); n != 1 {
		t.Errorf("%d agreements stand for the person's other phone, want 1", n)
	}
}
