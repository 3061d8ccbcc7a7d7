package directory

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/sim"
)

// town is an LDAP directory with the people of the testbed: the simulated one, or a real OpenLDAP.
type town struct {
	plain, secure, ca, base, reader, readerPassword, password string
	managedAttribute                                          string
}

func (w *town) group(cn string) string { return "cn=" + cn + ",ou=groups," + w.base }

// towns runs a test against the simulated directory, and against OpenLDAP where it can be had.
func towns(t *testing.T, test func(t *testing.T, w *town)) {
	t.Helper()
	t.Run("sim", func(t *testing.T) {
		t.Parallel()
		w, _ := simulated(t)
		test(t, w)
	})
	t.Run("openldap", func(t *testing.T) {
		t.Parallel()
		test(t, openLDAP(t))
	})
}

func simulated(t *testing.T) (*town, *sim.LDAP) {
	t.Helper()
	people := []sim.LDAPPerson{
		{UID: "jana", Name: "Jana Nováková", Mail: "jana@example.org", ManagedAccount: "jana@apple.example.org"},
		{UID: "o'brien", Name: "Conor O'Brien", Mail: "conor.o'brien@example.org"},
		{UID: "smith, j. (ext) *", Name: "Smith, John (Ext) *", Mail: "john.smith@example.org"},
		{UID: "zeynep", Name: "Zeynep İnci Işık", Mail: "Zeynep.Isik@Example.ORG"},
		{UID: "nomail", Name: "No Mail"},
		{UID: "outsider", Name: "In No Group", Mail: "outsider@example.org"},
		{UID: "locked", Mail: "locked@example.org", State: "locked"},
		{UID: "mustchange", Mail: "mustchange@example.org", State: "mustchange"},
		{UID: "expired", Mail: "expired@example.org", State: "expired"},
		{UID: "disabled", Mail: "disabled@example.org", State: "disabled"},
	}
	staff := []string{"jana", "o'brien", "smith, j. (ext) *", "zeynep", "nomail", "locked", "mustchange", "expired"}
	l, err := sim.NewLDAP(sim.LDAPOptions{People: people, Password: "heslo-Žluť-1", Groups: map[string][]string{
		"staff": staff, "byod": {"cn=staff"}, "cycle-a": {"cn=staff", "cn=cycle-b"}, "cycle-b": {"cn=cycle-a"}, "alone": {"outsider"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close the directory: %v", err)
		}
	})
	dn, password := l.Reader()
	return &town{
		plain: l.URL(), secure: l.SecureURL(), ca: string(l.CAPEM()), base: l.BaseDN(), reader: dn, readerPassword: password,
		password: "heslo-Žluť-1", managedAttribute: "managedAppleAccount",
	}, l
}

// openLDAP is the testbed's OpenLDAP, started once. On a machine that cannot have one the test is skipped; CI always has
// it.
func openLDAP(t *testing.T) *town {
	t.Helper()
	w, err := startOpenLDAP()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		t.Skip("the testbed with OpenLDAP is not on this machine")
	case err != nil && os.Getenv("CI") == "":
		t.Skipf("OpenLDAP cannot be had on this machine: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	return w
}

const slapd = "../../../shared/testbed/slapd.sh"

// stopOpenLDAP is called when all tests are done; startOpenLDAP gives it something to do.
var stopOpenLDAP = func() {}

var startOpenLDAP = sync.OnceValues(func() (*town, error) {
	script, err := filepath.Abs(slapd)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(script); err != nil {
		return nil, err
	}
	state, err := os.MkdirTemp("", "gatehouse-slapd-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(state, 0o755); err != nil { // slapd runs as another user, who must get in
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	env := append(os.Environ(), "TESTBED="+state, "SLAPD_PORT="+ports[0], "SLAPD_TLS_PORT="+ports[1])
	run := func(verb string) (string, error) {
		c := exec.Command(script, verb) // without a context: it outlives the test that needs it first
		c.Env = env
		out, err := c.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("slapd.sh %s: %w: %s", verb, err, out)
		}
		return string(out), err
	}
	stopOpenLDAP = func() {
		if _, err := run("reset"); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		_ = os.RemoveAll(state)
	}
	if _, err := run("start"); err != nil {
		return nil, err
	}
	out, err := run("env")
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for line := range strings.Lines(out) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[name] = value
	}
	ca, err := os.ReadFile(values["LDAP_CA"])
	if err != nil {
		return nil, err
	}
	return &town{
		plain: values["LDAP_URL"], secure: values["LDAPS_URL"], ca: string(ca), base: values["LDAP_BASE"],
		reader: values["LDAP_READER_DN"], readerPassword: values["LDAP_READER_PASSWORD"], password: values["LDAP_USER_PASSWORD"],
		managedAttribute: "cn", // nothing in its schema is meant for it
	}, nil
})

func freePorts(n int) ([]string, error) {
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }() // all at once, so that they differ
		ports = append(ports, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	return ports, nil
}

// in is a house whose people are in a town.
func in(t *testing.T, w *town) *house {
	t.Helper()
	h := one(t)
	h.reader(w.readerPassword)
	h.set(func(s *settings.Settings) {
		s.Directory = settings.LDAP{Enabled: true, URL: w.secure, CA: w.ca, BaseDN: w.base, BindDN: w.reader}
	})
	return h
}

func (h *house) reader(password string) {
	h.t.Helper()
	err := h.db.Update(h.t.Context(), func(tx *db.Tx) error {
		return h.settings.SetSecret(tx, settings.BindPassword, []byte(password))
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func TestLDAPSignIn(t *testing.T) {
	t.Parallel()
	towns(t, func(t *testing.T, w *town) {
		h := in(t, w)
		for identifier, want := range map[string]Person{
			"JANA@example.org":          {Identifier: "jana@example.org", Name: "Jana Nováková", Source: FromLDAP},
			"zeynep.isik@example.org":   {Identifier: "zeynep.isik@example.org", Name: "Zeynep İnci Işık", Source: FromLDAP},
			"conor.o'brien@example.org": {Identifier: "conor.o'brien@example.org", Name: "Conor O'Brien", Source: FromLDAP},
			"nomail@example.org":        {Identifier: "nomail@example.org", Name: "No Mail", Source: FromLDAP},
			"jana":                      {Identifier: "jana@example.org", Name: "Jana Nováková", Source: FromLDAP},
		} {
			got, err := h.Prove(t.Context(), Proof{Identifier: identifier, Password: w.password})
			if !cmp.Equal(got, want) || err != nil {
				t.Errorf("%s: got %+v, %v; want %+v", identifier, got, err, want)
			}
		}
		odd, err := h.Prove(t.Context(), Proof{Identifier: "Smith, J. (Ext) *", Password: w.password})
		if err != nil || odd.Identifier != "john.smith@example.org" {
			t.Errorf("a name full of signs: got %+v, %v", odd, err)
		}

		h.set(func(s *settings.Settings) { s.Directory.URL, s.Directory.StartTLS = w.plain, true })
		if _, err := h.Prove(t.Context(), Proof{Identifier: "jana@example.org", Password: w.password}); err != nil {
			t.Errorf("by StartTLS: %v", err)
		}
	})
}

func TestLDAPRefusals(t *testing.T) {
	t.Parallel()
	towns(t, func(t *testing.T, w *town) {
		h := in(t, w)
		for _, x := range []struct {
			identifier, password string
			want                 error
		}{
			{"jana@example.org", "wrong", &WrongError{Left: 4}},
			{"jana@example.org", "", &WrongError{Left: 3}}, // many servers say yes to an empty password
			{"nobody@example.org", w.password, &WrongError{Left: 4}},
			{"*", w.password, &WrongError{Left: 4}},
			{"jana*", w.password, &WrongError{Left: 4}},
			{"*)(uid=jana))(|(uid=*", w.password, &WrongError{Left: 4}},
			{`jana@example.org\00`, w.password, &WrongError{Left: 4}},
			{"jana@example.com", w.password, &WrongError{Left: 4}}, // not our domain: its short name is not tried
			{"locked@example.org", w.password, &WrongError{Left: 4}},
			{"expired@example.org", w.password, ErrPasswordExpired},
			{"mustchange@example.org", w.password, ErrPasswordExpired},
			{"expired@example.org", "wrong", &WrongError{Left: 4}},
			{"mustchange@example.org", "wrong", &WrongError{Left: 4}},
		} {
			_, err := h.Prove(t.Context(), Proof{Identifier: x.identifier, Password: x.password})
			if err == nil || err.Error() != x.want.Error() {
				t.Errorf("%q with %q: got %v, want %v", x.identifier, x.password, err, x.want)
			}
		}
		if !strings.Contains(h.log.String(), lockedThere) {
			t.Error("the log does not tell the administrator that the directory has locked somebody")
		}
	})
}

func TestLDAPGroup(t *testing.T) {
	t.Parallel()
	towns(t, func(t *testing.T, w *town) {
		h := in(t, w)
		for _, x := range []struct {
			group, person string
			want          error
		}{
			{"staff", "jana", nil},
			{"byod", "jana", nil}, // through staff
			{"cycle-b", "jana", nil},
			{"STAFF", "jana", nil},
			{"staff", "outsider", ErrNotAllowed},
			{"byod", "outsider", ErrNotAllowed},
			{"cycle-a", "outsider", ErrNotAllowed},
			{"missing", "jana", ErrNotAllowed},
		} {
			h.set(func(s *settings.Settings) { s.Directory.Group = w.group(x.group) })
			_, err := h.Prove(t.Context(), Proof{Identifier: x.person + "@example.org", Password: w.password})
			if !errors.Is(err, x.want) {
				t.Errorf("%s in %s: got %v, want %v", x.person, x.group, err, x.want)
			}
		}
		// Membership is not told to those who do not know the password.
		if _, err := h.Prove(t.Context(), Proof{Identifier: "outsider@example.org", Password: "wrong"}); errors.Is(err, ErrNotAllowed) {
			t.Error("a wrong password learns that somebody is in no group")
		}
	})
}

func TestLDAPManagedAccount(t *testing.T) {
	t.Parallel()
	w, _ := simulated(t)
	h := in(t, w)
	h.set(func(s *settings.Settings) {
		s.ManagedAccount = settings.ManagedAccount{Rule: settings.RuleAttribute, Attribute: w.managedAttribute}
	})
	now, err := h.settings.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	account := func(who string) (string, error) {
		p, err := h.Prove(t.Context(), Proof{Identifier: who, Password: w.password})
		if err != nil {
			t.Fatal(err)
		}
		return ManagedAccountFor(now, p)
	}
	if got, err := account("jana@example.org"); got != "jana@apple.example.org" || err != nil {
		t.Errorf("from the directory: got %q, %v", got, err)
	}
	if got, err := account("outsider@example.org"); !errors.Is(err, ErrNoManagedAccount) {
		t.Errorf("missing in the directory: got %q, %v", got, err)
	}
	if err := h.SetManagedAccount(t.Context(), "jana@example.org", "boss@apple.example.org"); err != nil {
		t.Fatal(err)
	}
	if got, err := account("jana"); got != "boss@apple.example.org" || err != nil {
		t.Errorf("set for the person, who signs in by the short name: got %q, %v", got, err)
	}
}

// A person has one identifier and one count of wrong tries, under however many names.
func TestOnePersonUnderManyNames(t *testing.T) {
	t.Parallel()
	w, _ := simulated(t) // OpenLDAP would lock her for the other tests
	h := in(t, w)
	h.set(func(s *settings.Settings) {
		s.Domains = []string{"example.com", "example.org"}
		s.ManagedAccount = settings.ManagedAccount{Rule: settings.RuleSame}
	})
	now, err := h.settings.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"jana", "jana@example.com", "Jana@Example.org"}
	for _, name := range names {
		p, err := h.Prove(t.Context(), Proof{Identifier: name, Password: w.password})
		if err != nil || p.Identifier != "jana@example.org" {
			t.Errorf("%s: got %+v, %v", name, p, err)
		}
		if account, err := ManagedAccountFor(now, p); account != "jana@example.org" {
			t.Errorf("%s has the Managed Apple Account %q, %v", name, account, err)
		}
	}
	for i := range personFailures {
		_, err = h.Prove(t.Context(), Proof{Identifier: names[i%len(names)], Password: "wrong"})
	}
	for _, name := range names {
		if _, err := h.Prove(t.Context(), Proof{Identifier: name, Password: w.password}); !isLocked(err) {
			t.Errorf("%s after five wrong tries under three names: got %v, want locked", name, err)
		}
	}
	if n := h.happened(Locked, "jana@example.org"); n != 1 {
		t.Errorf("got %d events of the lock, want 1", n)
	}
	h.clock.Add(personPause)
	for _, password := range []string{"wrong", w.password, "wrong"} { // the right one forgives
		_, err = h.Prove(t.Context(), Proof{Identifier: "jana", Password: password})
	}
	if wrong := (*WrongError)(nil); !errors.As(err, &wrong) || wrong.Left != personFailures-1 {
		t.Errorf("after a right password: got %v, want %d tries left", err, personFailures-1)
	}
}

// A wrong password costs the directory the same, in the group or not.
func TestGroupIsReadAfterTheBind(t *testing.T) {
	t.Parallel()
	w, l := simulated(t)
	h := in(t, w)
	h.set(func(s *settings.Settings) { s.Directory.Group = w.group("staff") })
	for _, x := range []struct {
		password string
		want     int
	}{{"wrong", 2}, {w.password, 3}} { // reader, person, and the reader again only for the right password
		before := len(l.Binds())
		_, _ = h.Prove(t.Context(), Proof{Identifier: "jana@example.org", Password: x.password})
		if got := len(l.Binds()) - before; got != x.want {
			t.Errorf("with %q: %d binds, want %d", x.password, got, x.want)
		}
	}
}

func TestLocalAccountsGoFirst(t *testing.T) {
	t.Parallel()
	w, l := simulated(t)
	h := in(t, w)
	h.add(NewPerson{Identifier: "jana@example.org", Password: "local"})
	if p, err := h.Prove(t.Context(), Proof{Identifier: "jana@example.org", Password: "local"}); err != nil || p.Source != FromLocal {
		t.Errorf("got %+v, %v", p, err)
	}
	if _, err := h.Prove(t.Context(), Proof{Identifier: "jana@example.org", Password: w.password}); err == nil {
		t.Error("the directory's password opens a local account")
	}
	if n := len(l.Binds()); n != 0 {
		t.Errorf("the directory was asked %d times about a local account", n)
	}
}

// Whoever does not exist costs the directory a bind too, and us a hash.
func TestUnknownPeopleAreBoundToo(t *testing.T) {
	t.Parallel()
	w, l := simulated(t)
	h := in(t, w)
	binds := func(who string) int {
		before := len(l.Binds())
		if _, err := h.Prove(t.Context(), Proof{Identifier: who, Password: "wrong"}); err == nil {
			t.Fatal("a wrong password was right")
		}
		return len(l.Binds()) - before
	}
	if known, unknown := binds("jana@example.org"), binds("nobody@example.org"); known != unknown {
		t.Errorf("somebody costs %d binds, nobody %d", known, unknown)
	}
}

func TestActiveDirectoryReasons(t *testing.T) {
	t.Parallel()
	w, _ := simulated(t)
	h := in(t, w)
	if _, err := h.Prove(t.Context(), Proof{Identifier: "disabled@example.org", Password: w.password}); !errors.Is(err, ErrDisabled) {
		t.Errorf("switched off: got %v, want ErrDisabled", err)
	}
	for code, want := range map[string]error{
		"525": nil, "52e": nil, "775": nil, "": nil, "zzz": nil,
		"532": ErrPasswordExpired, "773": ErrPasswordExpired, "533": ErrDisabled, "701": ErrDisabled, "530": ErrDisabled, "531": ErrDisabled,
	} {
		err := refusal(errors.New("80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data " + code + ", v4563"))
		var wrong *wrong
		if want == nil && !errors.As(err, &wrong) || want != nil && !errors.Is(err, want) {
			t.Errorf("data %s: got %v, want %v", code, err, want)
		}
	}
}

func TestLDAPThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	w, l := simulated(t)
	other, _ := simulated(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for _, x := range []struct {
		name, finding string
		change        func(s *settings.LDAP)
	}{
		{"not encrypted", "directory_unreachable", func(s *settings.LDAP) { s.URL = w.plain }},
		{"another authority", "directory_unreachable", func(s *settings.LDAP) { s.CA = other.ca }},
		{"another authority by StartTLS", "directory_unreachable", func(s *settings.LDAP) { s.URL, s.StartTLS, s.CA = w.plain, true, other.ca }},
		{"another name", "directory_unreachable", func(s *settings.LDAP) { s.URL = strings.Replace(w.secure, "127.0.0.1", "127.0.0.2", 1) }},
		{"a reader it does not know", "directory_reader_refused", func(s *settings.LDAP) { s.BindDN = "cn=nobody," + w.base }},
		{"no reader", "directory_good", func(s *settings.LDAP) { s.BindDN = "" }}, // connects; the search finds nothing it may read
	} {
		t.Run(x.name, func(t *testing.T) {
			h := in(t, w)
			h.set(func(s *settings.Settings) { x.change(&s.Directory) })
			if _, err := h.Prove(t.Context(), Proof{Identifier: "jana@example.org", Password: w.password}); !errors.Is(err, ErrUnavailable) {
				t.Errorf("got %v, want ErrUnavailable", err)
			}
			if n := h.count(`SELECT COUNT(*) FROM sign_ins`); n != 0 {
				t.Error("a try that could not be checked was counted")
			}
			if len(h.lines) != 0 {
				t.Error("a connection that failed was never given back")
			}
			found := h.Health(t.Context())
			if len(found) != 1 || found[0].Code != x.finding {
				t.Errorf("health: got %+v, want %s", found, x.finding)
			}
		})
	}
	t.Run("gone", func(t *testing.T) {
		h := in(t, w)
		l.Down(true)
		defer l.Down(false)
		if _, err := h.Prove(t.Context(), Proof{Identifier: "jana@example.org", Password: w.password}); !errors.Is(err, ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
	})
	t.Run("silent", func(t *testing.T) {
		h := in(t, w)
		h.set(func(s *settings.Settings) { s.Directory.URL = "ldaps://" + silent.Addr().String() })
		begin := time.Now()
		if _, err := h.Prove(t.Context(), Proof{Identifier: "jana@example.org", Password: w.password}); !errors.Is(err, ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		if took := time.Since(begin); took > 2*dialTimeout {
			t.Errorf("the person waited %v", took)
		}
	})
}

func TestLDAPReport(t *testing.T) {
	t.Parallel()
	towns(t, func(t *testing.T, w *town) {
		h := in(t, w)
		h.set(func(s *settings.Settings) { s.Directory.Group = w.group("byod") })
		r, err := h.TestLDAP(t.Context(), "jana@example.org", w.password)
		if err != nil {
			t.Fatal(err)
		}
		var steps []string
		for _, s := range r.Steps {
			steps = append(steps, s.Name)
		}
		if d := cmp.Diff([]string{StepConnect, StepSearch, StepGroup, StepManagedAccount, StepSignIn}, steps); d != "" || !r.OK() {
			t.Errorf("steps %+v", r.Steps)
		}
		if r.DN != "uid=jana,ou=people,"+w.base || !r.Member || r.ManagedAccount != "jana@example.org" ||
			!cmp.Equal(r.Attributes["mail"], []string{"jana@example.org"}) {
			t.Errorf("report %+v", r)
		}

		r, err = h.TestLDAP(t.Context(), "outsider@example.org", "wrong")
		if err != nil || r.OK() || r.Member || r.Steps[2].OK || r.Steps[4].OK {
			t.Errorf("somebody in no group with a wrong password: %+v, %v", r, err)
		}
		r, err = h.TestLDAP(t.Context(), "nobody@example.org", "")
		if err != nil || r.OK() || len(r.Steps) != 2 || r.Steps[1].Name != StepSearch {
			t.Errorf("nobody: %+v, %v", r, err)
		}
		h.set(func(s *settings.Settings) { s.Directory.UserFilter = "(|(objectClass=inetOrgPerson)(uid={{name}}))" })
		r, err = h.TestLDAP(t.Context(), "jana@example.org", "")
		if err != nil || r.OK() || r.Steps[1].Detail != ambiguous {
			t.Errorf("a filter that finds everybody: %+v, %v", r, err)
		}
		if n := h.count(`SELECT COUNT(*) FROM sign_ins`); n != 0 {
			t.Error("a test was counted")
		}
	})
	_, err := one(t).TestLDAP(t.Context(), "jana@example.org", "")
	if missing := (*settings.Invalid)(nil); !errors.As(err, &missing) || missing.Field != "directory.url" {
		t.Errorf("before there is a directory: got %v, want that its address is missing", err)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	h := one(t)
	if got := h.Health(t.Context()); len(got) != 1 || got[0].Code != "directory_nobody" || got[0].Level != event.Attention {
		t.Errorf("nobody can sign in: got %+v", got)
	}
	h.add(NewPerson{Identifier: "anna@example.org"})
	if got := h.Health(t.Context()); len(got) != 0 {
		t.Errorf("somebody can: got %+v", got)
	}
	for url, want := range map[string]bool{
		"ldap://ldap.example.org": true, "ldap://192.0.2.1:389": true, "ldaps://ldap.example.org": false, "ldap://127.0.0.1": false, "ldap://[::1]:389": false,
	} {
		if got := plain(settings.LDAP{URL: url}); got != want {
			t.Errorf("passwords to %s in the clear: got %v, want %v", url, got, want)
		}
	}
	if plain(settings.LDAP{URL: "ldap://ldap.example.org", StartTLS: true}) {
		t.Error("StartTLS counts as plain")
	}
}
