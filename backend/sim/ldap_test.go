package sim

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// town is a directory with one person for each thing that can happen.
func town(t *testing.T) *LDAP {
	t.Helper()
	l, err := NewLDAP(LDAPOptions{
		People: []LDAPPerson{
			{UID: "jana", Name: "Jana Nováková", Mail: "jana@example.org", ManagedAccount: "jana@work.example.org"},
			{UID: "o'brien", Name: "Grace O’Brien", Mail: "grace@example.org"},
			{UID: "smith, j. (ext) *", Name: "Smith, J. (Ext) *", Mail: "smith@example.org"},
			{UID: "locked", State: "locked"},
			{UID: "expired", State: "expired"},
			{UID: "mustchange", State: "mustchange"},
			{UID: "disabled", State: "disabled"},
		},
		Groups:   map[string][]string{"staff": {"jana", "locked"}, "byod": {"cn=staff"}},
		Password: "heslo-Žluť-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func dial(t *testing.T, l *LDAP, url string) *ldap.Conn {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(l.CAPEM())
	config := &tls.Config{RootCAs: pool, ServerName: "localhost"}
	c, err := ldap.DialURL(url, ldap.DialWithTLSConfig(config))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if strings.HasPrefix(url, "ldap:") {
		if err := c.Bind("uid=jana,ou=people,"+l.BaseDN(), "heslo-Žluť-1"); !ldap.IsErrorWithCode(err, ldap.LDAPResultConfidentialityRequired) {
			t.Errorf("a bind without TLS: got %v, want confidentialityRequired", err)
		}
		if err := c.StartTLS(config); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestDirectoryOverBothDoors(t *testing.T) {
	t.Parallel()
	l := town(t)
	for _, url := range []string{l.URL(), l.SecureURL()} {
		c := dial(t, l, url)
		search := func(filter string, attributes ...string) ([]*ldap.Entry, error) {
			r, err := c.Search(ldap.NewSearchRequest(l.BaseDN(), ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, filter, attributes, nil))
			if r == nil {
				return nil, err
			}
			return r.Entries, err
		}
		if _, err := search("(uid=jana)"); !ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject) {
			t.Errorf("%s: an anonymous search: got %v, want noSuchObject", url, err)
		}
		dn, password := l.Reader()
		if err := c.Bind(dn, password); err != nil {
			t.Fatal(err)
		}
		for filter, want := range map[string]string{
			"(mail=jana@example.org)":                                       "jana",
			"(&(objectClass=inetOrgPerson)(uid=o'brien))":                   "o'brien",
			"(uid=" + ldap.EscapeFilter("smith, j. (ext) *") + ")":          "smith, j. (ext) *",
			"(|(uid=nobody)(cn=*nov*))":                                     "jana",
			"(&(uid=jana)(!(memberOf=cn=staff,ou=groups,dc=example)))":      "jana",
			"(memberOf:1.2.840.113556.1.4.1941:=" + l.GroupDN("byod") + ")": "jana",
			"(memberOf=" + l.GroupDN("staff") + ")":                         "jana",
		} {
			found, err := search(filter, "uid", "managedAppleAccount")
			if err != nil || len(found) == 0 || found[0].GetAttributeValue("uid") != want {
				t.Errorf("%s: %s: found %d entries, %v; want %s", url, filter, len(found), err, want)
			}
		}
		if found, err := search("(uid=nobody)"); err != nil || len(found) != 0 {
			t.Errorf("%s: nobody: %d entries, %v", url, len(found), err)
		}
		paged, err := c.SearchWithPaging(ldap.NewSearchRequest("ou=people,"+l.BaseDN(), ldap.ScopeSingleLevel, 0, 0, 0, false, "(uid=*)", []string{"uid"}, nil), 3)
		if err != nil || len(paged.Entries) != 7 {
			t.Errorf("%s: pages of three: %v, %d entries, want 7", url, err, len(paged.Entries))
		}
	}
}

func TestDirectoryTellsPasswordStatesByControl(t *testing.T) {
	t.Parallel()
	l := town(t)
	c := dial(t, l, l.SecureURL())
	for uid, want := range map[string]struct{ code, policy int }{
		"jana": {0, -1}, "locked": {49, 1}, "expired": {49, 0}, "mustchange": {0, 2}, "disabled": {49, -1},
	} {
		request := ldap.NewSimpleBindRequest("uid="+uid+",ou=people,"+l.BaseDN(), "heslo-Žluť-1",
			[]ldap.Control{ldap.NewControlBeheraPasswordPolicy()})
		result, err := c.SimpleBind(request)
		code := 0
		if e := (*ldap.Error)(nil); err != nil && asLDAP(err, &e) {
			code = int(e.ResultCode)
		}
		policy := -1
		if result != nil {
			if control, ok := ldap.FindControl(result.Controls, ldap.ControlTypeBeheraPasswordPolicy).(*ldap.ControlBeheraPasswordPolicy); ok {
				policy = int(control.Error)
			}
		}
		if code != want.code || policy != want.policy {
			t.Errorf("%s: result %d, policy %d; want %d, %d (%v)", uid, code, policy, want.code, want.policy, err)
		}
	}
	if err := c.Bind("uid=jana,ou=people,"+l.BaseDN(), "wrong"); !ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials) {
		t.Errorf("a wrong password: %v", err)
	}
	l.Down(true)
	if _, err := ldap.DialURL(l.SecureURL(), ldap.DialWithTLSConfig(&tls.Config{InsecureSkipVerify: true})); err == nil {
		t.Error("a directory that is down still answers")
	}
}

func asLDAP(err error, to **ldap.Error) bool {
	return errors.As(err, to)
}
