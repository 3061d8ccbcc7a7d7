package sim

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
)

// ruleOf is the rule of the refusal in an error, or the error itself.
func ruleOf(err error) string {
	if r := (*Refusal)(nil); errors.As(err, &r) {
		return r.Rule
	}
	if err != nil {
		return "no refusal: " + err.Error()
	}
	return "nothing refused"
}

// spoiled replaces one named answer.
func spoiled(name string, change func(a *answer)) func(string, *answer) {
	return func(got string, a *answer) {
		if got == name {
			change(a)
		}
	}
}

func TestPhoneRefusesBrokenAnswers(t *testing.T) {
	t.Parallel()
	header := func(name, value string) func(*answer) {
		return func(a *answer) { a.header.Set(name, value) }
	}
	status := func(status int) func(*answer) { return func(a *answer) { a.status = status } }
	body := func(body string) func(*answer) { return func(a *answer) { a.body = []byte(body) } }
	for name, c := range map[string]struct {
		answer string
		change func(*answer)
		rule   string
	}{
		"discovery with a charset":    {"discovery", header("Content-Type", "application/json; charset=utf-8"), "discovery-content-type"},
		"discovery is no JSON":        {"discovery", body("Servers"), "discovery-json"},
		"discovery without Servers":   {"discovery", body(`{"servers":[{"Version":"mdm-byod","BaseURL":"https://a.b/c"}]}`), "discovery-servers"},
		"discovery with no server":    {"discovery", body(`{"Servers":[]}`), "discovery-servers"},
		"discovery with two servers":  {"discovery", body(`{"Servers":[{},{}]}`), "discovery-servers"},
		"discovery of another kind":   {"discovery", body(`{"Servers":[{"Version":"mdm-adde","BaseURL":"https://a.b/c"}]}`), "discovery-version"},
		"discovery without TLS":       {"discovery", body(`{"Servers":[{"Version":"mdm-byod","BaseURL":"http://a.b/c"}]}`), "discovery-base-url"},
		"discovery leads to http":     {"discovery", func(a *answer) { a.status = 302; a.header.Set("Location", "http://example.org/") }, "redirect-scheme"},
		"no challenge at first":       {"challenge", status(200), "first-answer-401"},
		"401 without challenge":       {"challenge", func(a *answer) { a.header.Del("WWW-Authenticate") }, "challenge-missing"},
		"challenge is basic":          {"challenge", header("WWW-Authenticate", `Basic realm="x"`), "challenge-missing"},
		"challenge is spelt bearer":   {"challenge", header("WWW-Authenticate", `bearer method="apple-as-web", url="https://a.b/c"`), "challenge-missing"},
		"challenge without quotes":    {"challenge", header("WWW-Authenticate", `Bearer method=apple-as-web, url="https://a.b/c"`), "challenge-syntax"},
		"challenge by OAuth":          {"challenge", header("WWW-Authenticate", `Bearer method="apple-oauth2", url="https://a.b/c"`), "challenge-method"},
		"challenge without TLS":       {"challenge", header("WWW-Authenticate", `Bearer method="apple-as-web", url="http://a.b/c"`), "challenge-url"},
		"sign-in page is plain text":  {"page", header("Content-Type", "text/plain"), "sheet-content-type"},
		"hand-back by 302":            {"callback", status(302), "sheet-308"},
		"hand-back with a body":       {"callback", body("moved"), "sheet-308-body"},
		"hand-back to another host":   {"callback", header("Location", callbackScheme+"://results?access-token=a"), "callback-host"},
		"hand-back without token":     {"callback", header("Location", callbackScheme+"://"+callbackHost+"?token=a"), "callback-query"},
		"hand-back with more":         {"callback", header("Location", callbackScheme+"://"+callbackHost+"?access-token=a&b=c"), "callback-query"},
		"hand-back with an odd token": {"callback", header("Location", callbackScheme+"://"+callbackHost+"?access-token=a%0Ab"), "callback-token"},
		"form-action":                 {"terms", header("Content-Security-Policy", "default-src 'self'; form-action 'self'"), "form-action"},
		"profile as plain text":       {"profile", header("Content-Type", "text/xml"), "profile-content-type"},
		"profile is empty":            {"profile", body(""), "profile-empty"},
		"profile is no plist":         {"profile", body("<plist"), "profile-plist"},
		"CA of no known type":         {"ca", header("Content-Type", "application/octet-stream"), "scep-ca-type"},
		"no AES":                      {"caps", body("POSTPKIOperation\nSHA-256\n"), "scep-caps"},
		"SCEP as octets":              {"scep", header("Content-Type", "application/octet-stream"), "scep-content-type"},
		"SCEP is nothing":             {"scep", body("nothing"), "scep-cms"},
		"401 to TokenUpdate":          {"TokenUpdate", status(401), "bare-401"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			s.spoil(spoiled(c.answer, c.change))
			p := s.phone()
			if got := ruleOf(p.Enroll(t.Context(), "anna@example.org", "secret")); got != c.rule {
				t.Errorf("got %s, want %s", got, c.rule)
			}
			if p.Enrolled() {
				t.Error("the phone enrolled all the same")
			}
		})
	}
}

func TestPhoneRefusesBrokenProfiles(t *testing.T) {
	t.Parallel()
	part := func(p map[string]any, i int) map[string]any { return p["PayloadContent"].([]any)[i].(map[string]any) }
	inside := func(p map[string]any) map[string]any { return part(p, 1)["PayloadContent"].(map[string]any) }
	for rule, changes := range map[string][]func(p map[string]any){
		"profile-key": {
			func(p map[string]any) { delete(p, "PayloadIdentifier") },
			func(p map[string]any) { p["PayloadVersion"] = "1" },
			func(p map[string]any) { p["PayloadContent"] = []any{} },
			func(p map[string]any) { delete(part(p, 2), "PayloadUUID") },
			func(p map[string]any) { delete(part(p, 2), "ServerURL") },
			func(p map[string]any) { delete(part(p, 2), "Topic") },
			func(p map[string]any) { part(p, 2)["SignMessage"] = "true" },
			func(p map[string]any) { delete(inside(p), "URL") },
		},
		"profile-type":               {func(p map[string]any) { p["PayloadType"] = "Profile" }},
		"profile-uuid-twice":         {func(p map[string]any) { part(p, 0)["PayloadUUID"] = part(p, 1)["PayloadUUID"] }},
		"profile-removal-disallowed": {func(p map[string]any) { p["PayloadRemovalDisallowed"] = false }},
		"profile-payload-forbidden": {
			func(p map[string]any) { part(p, 0)["PayloadType"] = "com.apple.vpn.managed" },
			func(p map[string]any) { part(p, 0)["PayloadType"] = "com.example.made.up" },
		},
		"profile-no-mdm":      {func(p map[string]any) { part(p, 2)["PayloadType"] = "com.apple.font" }},
		"profile-certificate": {func(p map[string]any) { part(p, 0)["PayloadContent"] = []byte("no certificate") }},
		"mdm-enrollment-mode": {
			func(p map[string]any) { delete(part(p, 2), "EnrollmentMode") },
			func(p map[string]any) { part(p, 2)["EnrollmentMode"] = "ADDE" },
		},
		"mdm-assigned-account": {
			func(p map[string]any) { delete(part(p, 2), "AssignedManagedAppleID") },
			func(p map[string]any) { part(p, 2)["AssignedManagedAppleID"] = "" },
		},
		"mdm-access-rights": {func(p map[string]any) { part(p, 2)["AccessRights"] = 8191 }},
		"mdm-dead-key":      {func(p map[string]any) { part(p, 2)["ManagedAppleID"] = "anna@example.org" }},
		"mdm-topic":         {func(p map[string]any) { part(p, 2)["Topic"] = "org.example" }},
		"mdm-url": {
			func(p map[string]any) { part(p, 2)["ServerURL"] = "http://mdm.example.org/mdm" },
			func(p map[string]any) { part(p, 2)["CheckInURL"] = "mdm.example.org" },
		},
		"mdm-identity":       {func(p map[string]any) { part(p, 2)["IdentityCertificateUUID"] = part(p, 0)["PayloadUUID"] }},
		"mdm-capability":     {func(p map[string]any) { part(p, 2)["ServerCapabilities"] = []any{"com.apple.mdm.bootstraptoken"} }},
		"identity-keysize":   {func(p map[string]any) { inside(p)["Keysize"] = 1024 }, func(p map[string]any) { delete(inside(p), "Keysize") }},
		"identity-key-type":  {func(p map[string]any) { inside(p)["Key Type"] = "EC" }},
		"identity-key-usage": {func(p map[string]any) { inside(p)["Key Usage"] = 4 }},
		"identity-subject":   {func(p map[string]any) { inside(p)["Subject"] = []any{[]any{"CN", "phone"}} }},
		"identity-url":       {func(p map[string]any) { inside(p)["URL"] = "http://mdm.example.org/scep" }},
		"scep-fingerprint":   {func(p map[string]any) { inside(p)["CAFingerprint"] = make([]byte, 32) }},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			for i, change := range changes {
				profile := s.enrollment()
				change(profile)
				s.mu.Lock()
				s.profile = profile
				s.mu.Unlock()
				if got := ruleOf(s.phone().Enroll(t.Context(), "anna@example.org", "secret")); got != rule {
					t.Errorf("%d: got %s, want %s", i, got, rule)
				}
			}
		})
	}
}

func TestPhoneRefusesASpoiltSignature(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.signed = true
	s.spoil(spoiled("profile", func(a *answer) {
		a.body = bytes.Replace(a.body, []byte("anna@work"), []byte("eva@works"), 1)
	}))
	if got := ruleOf(s.phone().Enroll(t.Context(), "anna@example.org", "secret")); got != "profile-signature" {
		t.Errorf("got %s", got)
	}
}

func TestPhoneIsParticularAboutSCEP(t *testing.T) {
	t.Parallel()
	for rule, change := range map[string]func(t *testing.T, s *service, d *signedData){
		"scep-signature-algorithm": func(_ *testing.T, _ *service, d *signedData) {
			d.Signers[0].Algorithm.Algorithm = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11} // sha256WithRSA
		},
		"scep-signature": func(_ *testing.T, _ *service, d *signedData) { d.Signers[0].Signature[7] ^= 1 },
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			s.spoil(spoiled("scep", func(a *answer) {
				var info contentInfo
				var d signedData
				if _, err := asn1.Unmarshal(a.body, &info); err != nil {
					t.Error(err)
				}
				if _, err := asn1.Unmarshal(info.Content.Bytes, &d); err != nil {
					t.Error(err)
				}
				change(t, s, &d)
				var err error
				if a.body, err = marshalInfo(oidSignedData, d); err != nil {
					t.Error(err)
				}
			}))
			if got := ruleOf(s.phone().Enroll(t.Context(), "anna@example.org", "secret")); got != rule {
				t.Errorf("got %s", got)
			}
		})
	}
	t.Run("scep-cipher", func(t *testing.T) {
		t.Parallel()
		s := newService(t)
		s.seal = pkcs7.Encrypt // single DES unless told otherwise
		if got := ruleOf(s.phone().Enroll(t.Context(), "anna@example.org", "secret")); got != "scep-cipher" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("one SHA-1 answer", func(t *testing.T) {
		t.Parallel()
		s := newService(t)
		s.sha1 = true
		if got := ruleOf(s.phone().Enroll(t.Context(), "anna@example.org", "secret")); got != "scep-digest" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("challenge", func(t *testing.T) {
		t.Parallel()
		s := newService(t)
		part := s.profile["PayloadContent"].([]any)[1].(map[string]any)["PayloadContent"].(map[string]any)
		part["Challenge"] = "made up"
		var refused *SCEPError
		if err := s.phone().Enroll(t.Context(), "anna@example.org", "secret"); !errors.As(err, &refused) || refused.FailInfo != "2" {
			t.Errorf("a made-up challenge: %v", err)
		}
	})
}

func TestPhoneKnowsASpentChallenge(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.profile["PayloadContent"].([]any)[1].(map[string]any)["PayloadContent"].(map[string]any)["Challenge"] = "once and again"
	p := s.phone()
	if err := p.Enroll(t.Context(), "anna@example.org", "secret"); err != nil {
		t.Fatal(err)
	}
	if err := p.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := ruleOf(p.Enroll(t.Context(), "anna@example.org", "secret")); got != "challenge-twice" {
		t.Errorf("got %s", got)
	}
}

func TestPhoneRefusesWeakTLS(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.server.TLS.Certificates = []tls.Certificate{s.tlsCertificate(900)}
	if got := ruleOf(s.phone().Enroll(t.Context(), "anna@example.org", "secret")); got != "tls-lifetime" {
		t.Errorf("a certificate of 900 days: %s", got)
	}
	stranger := s.phone(func(o *PhoneOptions) { o.Roots = nil })
	if err := stranger.Enroll(t.Context(), "anna@example.org", "secret"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown authority: %v", err)
	}
	late := s.phone(func(o *PhoneOptions) { o.Temper.ClockOff = 3 * 365 * 24 * time.Hour })
	if err := late.Enroll(t.Context(), "anna@example.org", "secret"); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("a clock three years ahead: %v", err)
	}
}

func TestServerMayRefuseWithAText(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.spoil(spoiled("discovery", func(a *answer) {
		a.status = http.StatusForbidden
		a.body, _ = json.Marshal(map[string]string{"code": "com.apple.well-known.failed", "message": "Ask Petra."})
	}))
	var refused *StatusError
	_, err := s.phone().Discover(t.Context(), "anna@example.org")
	if !errors.As(err, &refused) || refused.Code != "com.apple.well-known.failed" || refused.Message != "Ask Petra." {
		t.Errorf("got %v", err)
	}
}

func TestAppleMayRefuseTheAccount(t *testing.T) {
	t.Parallel()
	s := newService(t)
	account := ""
	p := s.phone(func(o *PhoneOptions) {
		o.AppleSignIn = func(_ context.Context, a string) error { account = a; return errors.New("no such account") }
	})
	if err := p.Enroll(t.Context(), "anna@example.org", "secret"); err == nil || account != "anna@work.example.org" {
		t.Errorf("asked for %q: %v", account, err)
	}
	if steps := p.Steps(); steps[len(steps)-1].Name != "fetch profile" || len(s.heard("MessageType", "Authenticate")) != 0 {
		t.Errorf("the phone went on: %v", steps)
	}
}

func TestStepsWantTheirOrder(t *testing.T) {
	t.Parallel()
	p := newService(t).phone()
	for name, step := range map[string]func() error{
		"knock":        func() error { _, err := p.Knock(t.Context()); return err },
		"open sheet":   func() error { _, err := p.OpenSheet(t.Context()); return err },
		"sign in":      func() error { return p.SignIn(t.Context(), "secret") },
		"profile":      func() error { _, err := p.FetchProfile(t.Context()); return err },
		"identity":     func() error { _, err := p.RequestIdentity(t.Context()); return err },
		"authenticate": func() error { return p.Authenticate(t.Context()) },
		"token":        func() error { return p.UpdateToken(t.Context()) },
		"again":        func() error { return p.SignInAgain(t.Context(), "secret") },
	} {
		if err := step(); !errors.Is(err, ErrOrder) {
			t.Errorf("%s at first: %v", name, err)
		}
	}
	for name, step := range map[string]func() error{
		"poll":  func() error { _, err := p.Poll(t.Context()); return err },
		"leave": func() error { return p.Leave(t.Context()) },
		"renew": func() error { return p.Renew(t.Context()) },
	} {
		if err := step(); !errors.Is(err, ErrNotEnrolled) {
			t.Errorf("%s at first: %v", name, err)
		}
	}
	for _, bad := range []string{"anna", "@example.org", "anna@localhost", ""} {
		if _, err := p.Discover(t.Context(), bad); ruleOf(err) != "identifier" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// names of the messages said, in order.
func (s *service) order(key string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, m := range s.said {
		if text, ok := m[key].(string); ok {
			all = append(all, text)
		}
	}
	return slices.Clip(all)
}
