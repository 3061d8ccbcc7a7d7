package admin_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/sim"
)

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return string(b)
}

func TestSettingsChangeAsAWhole(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		var s settings.Settings
		h.want("GET", "/settings", "", &s)
		s.Organization.SupportEmail, s.Organization.SupportURL, s.Language = "nobody", "http://help", "de"
		problem := h.refused("PUT", "/settings", jsonOf(t, s), admin.Invalid)
		if len(problem.Errors) == 0 || !strings.HasPrefix(problem.Errors[0].Field, "organization.support_") || problem.Errors[0].Code == "" {
			t.Errorf("fields: %+v", problem.Errors)
		}
		h.want("GET", "/settings", "", &s)
		if s.Language != "en" || s.Organization.SupportEmail != "" {
			t.Errorf("something of a refused document was kept: %+v", s)
		}
		s.Organization.SupportEmail, s.Enrollment.Open = "help@example.com", false
		h.want("PUT", "/settings", jsonOf(t, s), &s)
		h.want("GET", "/settings", "", &s)
		if s.Organization.SupportEmail != "help@example.com" || s.Enrollment.Open {
			t.Errorf("settings: %+v", s)
		}
	})
}

func TestTheBindPasswordStaysInside(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		town, err := sim.NewLDAP(sim.LDAPOptions{})
		must(t, err)
		defer func() { must(t, town.Close()) }()
		reader, secret := town.Reader()
		directory := map[string]any{"directory": settings.LDAP{
			Enabled: true, URL: town.SecureURL(), CA: string(town.CAPEM()), BaseDN: town.BaseDN(), BindDN: reader,
		}, "bind_password": secret}
		var state admin.DirectoryState
		h.want("PUT", "/directory", jsonOf(t, directory), &state)
		if !state.BindPasswordSet || strings.Contains(jsonOf(t, state), secret) {
			t.Errorf("state: %+v", state)
		}
		delete(directory, "bind_password") // stays as it is
		h.want("PUT", "/directory", jsonOf(t, directory), &state)
		somebody := town.People()[0]
		var test admin.DirectoryTest
		h.want("POST", "/directory/test", jsonOf(t, map[string]string{"identifier": somebody.Mail, "password": somebody.Password}), &test)
		if !test.OK || test.DN == "" || len(test.Steps) < 3 || len(test.Attributes) == 0 {
			t.Errorf("test: %+v", test)
		}
		h.want("POST", "/directory/test", jsonOf(t, map[string]string{"identifier": somebody.Mail, "password": "wrong-horse-7"}), &test)
		if test.OK {
			t.Errorf("a wrong password works: %+v", test)
		}
		directory["directory"] = settings.LDAP{Enabled: true, URL: "http://x", BaseDN: "dc=x"}
		directory["bind_password"] = "new"
		problem := h.refused("PUT", "/directory", jsonOf(t, directory), admin.Invalid)
		if len(problem.Errors) != 1 || problem.Errors[0].Field != "directory.url" {
			t.Errorf("fields: %+v", problem.Errors)
		}
		h.want("POST", "/directory/test", jsonOf(t, map[string]string{"identifier": somebody.Mail}), &test)
		if !test.OK {
			t.Errorf("a refused document changed the password: %+v", test)
		}
	})
}

func TestFilesAreNamedForWhatTheyAre(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		for name, body := range map[string]string{
			"nothing":    `{}`,
			"no file":    `{"certificate":"hello","key":"hello"}`,
			"bad pkcs12": `{"pkcs12":"` + base64.StdEncoding.EncodeToString([]byte("hello")) + `","passphrase":"x"}`,
			"request":    `{"certificate":"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n","key":"x"}`,
		} {
			if problem := h.refused("POST", "/push-certificate", body, admin.PushFile); problem.Params["problem"] == "" {
				t.Errorf("%s: %+v", name, problem)
			}
		}
		if problem := h.refused("POST", "/tls", `{"certificate":"x","key":"y"}`, admin.TLSFile); problem.Params["problem"] == "" {
			t.Errorf("TLS: %+v", problem)
		}
		var now admin.TLS
		h.want("GET", "/tls", "", &now)
		if !now.Private || len(now.Hosts) != 2 || len(now.Fingerprint) != 64 {
			t.Errorf("TLS: %+v", now)
		}
		var push admin.PushState
		h.want("POST", "/push-certificate", h.pushBody(topic), &push)
		if push.Certificate == nil || push.Certificate.Account != "it@example.com" || len(push.Warnings) == 0 {
			t.Errorf("a certificate that Apple did not issue is taken with a warning: %+v", push)
		}
	})
}

func TestAnAnswerIsLookedAtBeforeItIsKept(t *testing.T) {
	t.Parallel()
	h := serve(t, "")
	for _, c := range []struct{ field, value, want string }{
		{"url", "http://mdm.example.com", "not_https"},
		{"url", "https://127.0.0.1:1", "host_loopback"},
		{"url", "https://no-such-host.invalid", "host_unknown"},
		{"domain", "not a domain", "not_domain"},
		{"domain", "no-such-host.invalid", "host_unknown"},
		{"language", "Klingon!", "not_language"},
		{"organization", " ", "required"},
	} {
		var check admin.Check
		h.want("POST", "/setup/check", jsonOf(t, map[string]string{"field": c.field, "value": c.value}), &check)
		codes := ""
		for _, f := range check.Findings {
			codes += f.Code + " "
		}
		if !strings.Contains(codes, c.want) || check.OK != strings.HasPrefix(c.want, "host_") {
			t.Errorf("%s %q: got %v %s, want %s", c.field, c.value, check.OK, codes, c.want)
		}
	}
	var good admin.Check
	h.want("POST", "/setup/check", `{"field":"organization","value":"Example"}`, &good)
	if !good.OK || len(good.Findings) != 0 {
		t.Errorf("a good answer: %+v", good)
	}
}

func TestRehearsal(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		var r admin.Rehearsal
		h.want("POST", "/rehearsals", `{"identifier":"`+anna+`","password":"`+password+`"}`, &r)
		h.refused("POST", "/rehearsals", `{"identifier":"`+anna+`","password":"`+password+`"}`, admin.RehearsalRunning)
		for r.Running {
			h.want("GET", "/rehearsals/"+r.ID, "", &r)
		}
		if !r.OK || len(r.Steps) < 10 {
			t.Errorf("rehearsal: %+v", r)
		}
		var list admin.Enrollments
		h.want("GET", "/enrollments", "", &list)
		var attempts admin.Attempts
		h.want("GET", "/attempts", "", &attempts)
		if list.Counts.Total != 0 || len(attempts.Attempts) != 0 {
			t.Errorf("left behind: %+v, %+v", list, attempts)
		}
		h.refused("GET", "/rehearsals/nothing", "", admin.NotFound)
	})
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	h := serve(t, "")
	h.setUp()
	must(t, h.phone().Enroll(t.Context(), anna, password))
	text := h.metrics()
	for _, line := range []string{
		"gatehouse_serving 1", `gatehouse_enrollments{state="enrolled"} 1`, `gatehouse_attempts{step="done"} 1`,
		"gatehouse_push_certificate_expires_timestamp_seconds ", "gatehouse_tls_certificate_expires_timestamp_seconds ",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no %q in\n%s", line, text)
		}
	}
}
