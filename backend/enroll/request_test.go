package enroll_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
	"howett.net/plist"

	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/sim"
)

func TestKnockBeginsAnAttemptAndSendsToTheSignIn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house, _ *dbtest.Clock) {
		session := h.knock()
		list := h.attempts()
		if len(list) != 1 {
			t.Fatalf("attempts: got %d, want 1", len(list))
		}
		a := list[0]
		if a.Step != enroll.StepKnocked || a.Language != "de" || a.Product != "iPhone17,2" || a.Build != "22C161" || a.Origin != "anchor" {
			t.Errorf("attempt: got %+v", a)
		}
		if len(a.Ref) != 6 || a.Ref[2] != '-' {
			t.Errorf("reference %q is not like K7-31Q", a.Ref)
		}
		found, err := h.Session(t.Context(), session)
		if err != nil || found.ID != a.ID {
			t.Errorf("session: got %v, %v; want attempt %s", found.ID, err, a.ID)
		}
		if h.kinds() != "knocked" {
			t.Errorf("events: got %q, want knocked", h.kinds())
		}
		if strings.Contains(h.log.String(), session) {
			t.Error("the log has the session's secret")
		}
	})
}

func TestProfileForThePhoneThatBringsItsToken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house, _ *dbtest.Clock) {
		_, token := h.signedIn()
		first := h.profile(token)
		again := h.profile(token) // a phone may ask twice

		if first.DisplayName != "Arbeitszugang für Nordlicht" && !strings.Contains(first.DisplayName, "Nordlicht") {
			t.Errorf("display name %q is not in the phone's language", first.DisplayName)
		}
		if first.Organization != "Nordlicht GmbH" || first.Identifier != "org.example.mdm.gatehouse.enrollment" {
			t.Errorf("profile: got %q of %q", first.Identifier, first.Organization)
		}
		m, s := first.payload(t, "com.apple.mdm"), first.payload(t, "com.apple.security.scep")
		for key, want := range map[string]any{
			"ServerURL": "https://mdm.example.org:8443/mdm", "CheckInURL": "https://mdm.example.org:8443/mdm/checkin",
			"Topic": topic, "AssignedManagedAppleID": "anna@example.org", "EnrollmentMode": "BYOD",
		} {
			if m[key] != want {
				t.Errorf("%s: got %v, want %v", key, m[key], want)
			}
		}
		if _, there := m["AccessRights"]; there {
			t.Error("AccessRights is there: the phone would cancel")
		}
		first.payload(t, "com.apple.security.root") // TLS is private in this test
		inner, _ := s["PayloadContent"].(map[string]any)
		if inner["URL"] != "https://mdm.example.org:8443/scep" || inner["Challenge"] == "" {
			t.Errorf("SCEP: got %v", inner)
		}
		repeated, _ := again.payload(t, "com.apple.security.scep")["PayloadContent"].(map[string]any)
		if first.UUID != again.UUID {
			t.Error("the repeated profile is another one")
		}
		if repeated["Challenge"] == inner["Challenge"] {
			t.Error("the repeated profile has the old challenge")
		}
		if n := h.count("challenges"); n != 1 {
			t.Errorf("challenges that work: got %d, want only the newest", n)
		}
		a := h.attempts()[0]
		if a.Step != enroll.StepOffered || a.Person != "anna@example.org" || a.ManagedAccount != "anna@example.org" {
			t.Errorf("attempt: got %+v", a)
		}
		if h.kinds() != "knocked signed_in offered offered" {
			t.Errorf("events: got %q", h.kinds())
		}
		if strings.Contains(h.log.String(), token) {
			t.Error("the log has the token")
		}
	})
}

func TestUselessTokenSendsToTheSignInAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house, clock *dbtest.Clock) {
		body := h.signed(h.device, machineInfo)
		for _, token := range []string{"made-up", strings.Repeat("x", 10_000), "\x00", "' OR 1=1 --"} {
			h.session(h.post(body, token))
		}
		if n := h.count("tokens"); n != 0 {
			t.Errorf("tokens: got %d, want none", n)
		}
		_, token := h.signedIn()
		clock.Add(61 * time.Minute) // never used, so it has run out
		h.session(h.post(body, token))
		if n := h.count("challenges"); n != 0 {
			t.Errorf("an expired token got %d challenges", n)
		}
	})
}

func TestTokenThatLedToAnEnrollmentOpensNoSecondProfile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house, _ *dbtest.Clock) {
		_, token := h.signedIn()
		h.profile(token)
		h.enrolling(token, "E-1")
		h.session(h.post(h.signed(h.device, machineInfo), token))
	})
}

func TestBrokenRequestsAreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	h := open(t, dbtest.Open(t))
	good := h.signed(h.device, machineInfo)
	altered := []byte(strings.Replace(string(good), "iPhone17,2", "iPhone17,3", 1))
	for name, c := range map[string]struct {
		body []byte
		want int
	}{
		"empty":            {nil, http.StatusBadRequest},
		"not CMS":          {[]byte("hello"), http.StatusBadRequest},
		"unsigned":         {[]byte(machineInfo), http.StatusBadRequest},
		"altered":          {altered, http.StatusBadRequest},
		"cut off":          {good[:len(good)-10], http.StatusBadRequest},
		"too large":        {make([]byte, 65<<10), http.StatusRequestEntityTooLarge},
		"no plist inside":  {h.signed(h.device, "hello"), http.StatusBadRequest},
		"array inside":     {h.signed(h.device, `<plist version="1.0"><array/></plist>`), http.StatusBadRequest},
		"number as model":  {h.signed(h.device, strings.Replace(machineInfo, "<string>iPhone17,2</string>", "<integer>7</integer>", 1)), http.StatusBadRequest},
		"entities":         {h.signed(h.device, `<!DOCTYPE plist [<!ENTITY a "b">]><plist version="1.0"><dict><key>PRODUCT</key><string>&a;</string></dict></plist>`), http.StatusBadRequest},
		"deep":             {h.signed(h.device, `<plist version="1.0">`+strings.Repeat("<array>", 500)+strings.Repeat("</array>", 500)+`</plist>`), http.StatusBadRequest},
		"binary plist":     {h.signed(h.device, "bplist00\x00\x00"), http.StatusBadRequest},
		"a form, as named": {[]byte("a=b"), http.StatusBadRequest},
	} {
		answer := h.post(c.body, "")
		if answer.StatusCode != c.want {
			t.Errorf("%s: got %d, want %d", name, answer.StatusCode, c.want)
		}
		if answer.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("%s: was sent to the sign-in", name)
		}
	}
	if n := h.count("attempts"); n != 0 {
		t.Errorf("broken requests made %d attempts", n)
	}
	if !strings.Contains(h.log.String(), "reason=bad_signature") || !strings.Contains(h.log.String(), "reason=bad_machine_info") {
		t.Errorf("the log does not name the reasons:\n%s", h.log)
	}
	if !strings.Contains(h.kinds(), "refused") {
		t.Errorf("events: got %q, want refusals", h.kinds())
	}
}

func TestMachineInfoMayBeEmptyButNamesNobody(t *testing.T) {
	t.Parallel()
	h := open(t, dbtest.Open(t))
	h.session(h.post(h.signed(h.device, `<plist version="1.0"><dict/></plist>`), ""))
	named := strings.Replace(machineInfo, "<key>LANGUAGE</key>", "<key>SERIAL</key><string>C39SERIAL</string><key>UDID</key><string>00008110-UDID</string><key>LANGUAGE</key>", 1)
	h.session(h.post(h.signed(h.device, named), ""))
	for _, a := range h.attempts() {
		if a.Product != "" && a.Product != "iPhone17,2" {
			t.Errorf("product: got %q", a.Product)
		}
	}
	log := h.log.String()
	if !strings.Contains(log, "phone named itself") {
		t.Error("the log says nothing of the forbidden keys")
	}
	if strings.Contains(log, "C39SERIAL") || strings.Contains(log, "00008110") {
		t.Error("the log has an identifier")
	}
}

func TestUnknownDeviceIsAcceptedAndNotedUnlessRefused(t *testing.T) {
	t.Parallel()
	h := open(t, dbtest.Open(t))
	makers, err := sim.NewDeviceAuthority(99) // nobody knows it
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := makers.Issue()
	if err != nil {
		t.Fatal(err)
	}
	body := h.signed(stranger, machineInfo)
	h.session(h.post(body, ""))
	if a := h.attempts(); len(a) != 1 || a[0].Origin != "unknown" {
		t.Fatalf("attempts: got %+v, want one of unknown origin", a)
	}
	h.change(func(s *settings.Settings) { s.Enrollment.UnknownDevices = settings.Refuse })
	if got := h.post(body, "").StatusCode; got != http.StatusForbidden {
		t.Errorf("unknown device while they are refused: got %d, want 403", got)
	}
	h.knock() // a known one may still come
	if n := len(h.attempts()); n != 2 {
		t.Errorf("attempts: got %d, want 2", n)
	}
	if !strings.Contains(h.log.String(), "reason=unknown_device") {
		t.Error("the log does not say why")
	}
}

func TestWhoMayNotEnrollIsTurnedDownAtTheDoor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setting func(*settings.Settings)
		product string
		want    int
	}{
		"closed": {func(s *settings.Settings) { s.Enrollment.Open = false }, "iPhone17,2", http.StatusForbidden},
		"kind":   {func(s *settings.Settings) {}, "MacBookPro18,1", http.StatusForbidden},
		"iPad":   {func(s *settings.Settings) {}, "iPad14,3", http.StatusUnauthorized},
		"new":    {func(s *settings.Settings) {}, "Something1,1", http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, dbtest.Open(t))
			h.change(c.setting)
			body := h.signed(h.device, strings.Replace(machineInfo, "iPhone17,2", c.product, 1))
			if got := h.post(body, "").StatusCode; got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestFloodFromOneAddressIsBounded(t *testing.T) {
	t.Parallel()
	h := open(t, dbtest.Open(t))
	body := h.signed(h.device, machineInfo)
	turned := 0
	for range 400 {
		if h.post(body, "").StatusCode == http.StatusTooManyRequests {
			turned++
		}
	}
	if turned < 50 {
		t.Errorf("of 400 requests of one address %d were turned down, want at least 50", turned)
	}
	if n := h.count("attempts"); n+turned != 400 {
		t.Errorf("attempts: got %d for %d requests that were let in", n, 400-turned)
	}
}

// configuration is a profile as a phone reads it.
type configuration struct {
	DisplayName  string           `plist:"PayloadDisplayName"`
	Organization string           `plist:"PayloadOrganization"`
	Identifier   string           `plist:"PayloadIdentifier"`
	UUID         string           `plist:"PayloadUUID"`
	Content      []map[string]any `plist:"PayloadContent"`
}

func (c configuration) payload(t *testing.T, kind string) map[string]any {
	t.Helper()
	for _, p := range c.Content {
		if p["PayloadType"] == kind {
			return p
		}
	}
	t.Errorf("the profile has no payload %s", kind)
	return map[string]any{}
}

// profile fetches the profile with a token and checks its signature.
func (h *house) profile(token string) configuration {
	h.t.Helper()
	answer := h.post(h.signed(h.device, machineInfo), token)
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "application/x-apple-aspen-config" {
		h.t.Fatalf("profile: got %d %s; log:\n%s", answer.StatusCode, answer.Header.Get("Content-Type"), h.log)
	}
	message, err := pkcs7.Parse(body)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := message.Verify(); err != nil {
		h.t.Errorf("signature of the profile: %v", err)
	}
	var c configuration
	if _, err := plist.Unmarshal(message.Content, &c); err != nil {
		h.t.Fatal(err)
	}
	return c
}
