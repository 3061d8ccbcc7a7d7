package directory

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/sim"
)

// inWarehouse is a house with a directory of lea and max, in which max is in a group of a group.
func inWarehouse(t *testing.T) *house {
	t.Helper()
	h := one(t)
	l, err := sim.NewLDAP(sim.LDAPOptions{
		People: []sim.LDAPPerson{
			{UID: "lea", Name: "Lea Öz", Mail: "lea@example.org", Password: "bind me"},
			{UID: "max", Name: "Max Moll", Mail: "max@example.org", Password: "bind me"},
			{UID: "out", Name: "Out Sider", Mail: "out@example.org", Password: "bind me"},
		},
		Groups: map[string][]string{"warehouse": {"lea", "cn=night"}, "night": {"max"}, "office": {"lea"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	dn, password := l.Reader()
	err = h.db.Update(t.Context(), func(tx *db.Tx) error { return h.settings.SetSecret(tx, settings.BindPassword, []byte(password)) })
	if err != nil {
		t.Fatal(err)
	}
	h.set(func(s *settings.Settings) {
		s.Directory = settings.LDAP{Enabled: true, URL: l.SecureURL(), CA: string(l.CAPEM()), BaseDN: l.BaseDN(), BindDN: dn}
		s.Enrollment.Groups = []settings.Group{
			{Name: "Office", DN: l.GroupDN("office"), People: []string{"anna@example.org"}},
			{Name: "Warehouse", DN: l.GroupDN("warehouse")},
		}
	})
	h.add(NewPerson{Identifier: "anna@example.org", Name: "Anna Berg", Password: "local"})
	h.add(NewPerson{Identifier: "ben@example.org", Name: "Ben Lund", Password: "local"})
	return h
}

func TestGroupsOfAPerson(t *testing.T) {
	t.Parallel()
	h := inWarehouse(t)
	for _, listed := range []bool{false, true} {
		h.set(func(s *settings.Settings) {
			if s.Enrollment.Who = settings.Everybody; listed {
				s.Enrollment.Who, s.Enrollment.People = settings.Listed, []string{"ben@example.org"}
			}
		})
		for _, c := range []struct {
			who, password string
			groups        []string
			listed        bool
		}{
			{"lea@example.org", "bind me", []string{"Office", "Warehouse"}, true},
			{"max@example.org", "bind me", []string{"Warehouse"}, true},
			{"out@example.org", "bind me", nil, false},
			{"anna@example.org", "local", []string{"Office"}, true},
			{"ben@example.org", "local", nil, true},
		} {
			p, err := h.Prove(t.Context(), Proof{Identifier: c.who, Password: c.password})
			may, mayErr := h.MayEnroll(t.Context(), strings.ToUpper(c.who))
			if mayErr != nil || may != (!listed || c.listed) {
				t.Errorf("%s, listed %t: may enroll %t, %v", c.who, listed, may, mayErr)
			}
			if listed && !c.listed {
				if !errors.Is(err, ErrNotAllowed) {
					t.Errorf("%s is on no list: got %v, want ErrNotAllowed", c.who, err)
				}
				continue
			}
			if err != nil || !cmp.Equal(p.Groups, c.groups) {
				t.Errorf("%s: got %v, %v; want %v", c.who, p.Groups, err, c.groups)
			}
		}
	}
	for _, nobody := range []string{"nobody@example.org", "", "<b>"} {
		if may, err := h.MayEnroll(t.Context(), nobody); may || err != nil {
			t.Errorf("%q may enroll: %t, %v", nobody, may, err)
		}
	}
}

func TestDirectoryThatIsAwayRefusesNobodyEarly(t *testing.T) {
	t.Parallel()
	h := one(t)
	h.set(func(s *settings.Settings) {
		s.Directory = settings.LDAP{Enabled: true, URL: "ldap://127.0.0.1:1", BaseDN: "dc=example,dc=org"}
	})
	if may, err := h.MayEnroll(t.Context(), "lea@example.org"); !may || !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %t, %v; want a yes with ErrUnavailable", may, err)
	}
}
