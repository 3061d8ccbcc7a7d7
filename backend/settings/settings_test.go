package settings_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
)

func open(d *db.DB) (*settings.Store, *event.Log) {
	l := event.New(d)
	return settings.Open(d, l), l
}

func TestChangeIsStoredInForm(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, l := open(d)
		err := s.Change(t.Context(), false, func(s *settings.Settings) error {
			s.Organization.Name = "  Nordlicht GmbH "
			s.URL = "https://MDM.Nordlicht.example:443/"
			s.Domains = []string{"Nordlicht.example", "@bücher.example.", "nordlicht.example"}
			s.Language = "de-at"
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := settings.Defaults()
		want.Organization.Name = "Nordlicht GmbH"
		want.URL = "https://mdm.nordlicht.example"
		want.Domains = []string{"nordlicht.example", "xn--bcher-kva.example"}
		want.Language = "de-AT"
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("stored settings (-want +got):\n%s", diff)
		}
		events, err := l.List(t.Context(), event.Query{Kind: settings.Changed})
		if err != nil {
			t.Fatal(err)
		}
		if len(events) != 1 || events[0].Params["keys"] != "organization.name, url, domains, language" {
			t.Errorf("events of the change: got %+v", events)
		}
		if diff := cmp.Diff([]string{"mdm.nordlicht.example", "nordlicht.example", "xn--bcher-kva.example"}, got.Hosts()); diff != "" {
			t.Errorf("hosts (-want +got):\n%s", diff)
		}
	})
}

func TestInvalidSettingsChangeNothing(t *testing.T) {
	for _, c := range []struct{ key, value, field, problem string }{
		{"url", "http://mdm.example.com", "url", "not_https"},
		{"url", "https://mdm.example.com/path", "url", "not_https"},
		{"url", "https://user@mdm.example.com", "url", "not_https"},
		{"domains", "example", "domains", "not_domain"},
		{"domains", "exa mple.com", "domains", "not_domain"},
		{"domains", "example.com/x", "domains", "not_domain"},
		{"language", "klingon!", "language", "not_language"},
		{"organization.name", strings.Repeat("x", 121), "organization.name", "too_long"},
		{"organization.name", "a\x00b", "organization.name", "control"},
		{"organization.support_email", "not an address", "organization.support_email", "not_email"},
		{"organization.support_url", "javascript:alert(1)", "organization.support_url", "not_web"},
		{"enrollment.unknown_devices", "perhaps", "enrollment.unknown_devices", "not_choice"},
		{"enrollment.platforms", "iPhone,Toaster", "enrollment.platforms", "not_choice"},
		{"enrollment.platforms", "Mac", "enrollment.platforms", "not_choice"},
		{"enrollment.open", "yes please", "enrollment.open", "not_boolean"},
		{"managed_account.rule", "domain", "managed_account.domain", "required"},
		{"managed_account.rule", "attribute", "managed_account.attribute", "required"},
		{"directory.url", "http://ldap.example.com", "directory.url", "not_ldap"},
		{"directory.enabled", "true", "directory.url", "required"},
		{"directory.managed_account_attribute", "a)(b", "directory.managed_account_attribute", "not_attribute"},
		{"directory.user_filter", "(uid={{identifier}}", "directory.user_filter", "not_filter"},
		{"directory.user_filter", "uid={{identifier}}", "directory.user_filter", "not_filter"},
		{"directory.user_filter", ")({{name}})(", "directory.user_filter", "not_filter"},
		{"directory.user_filter", "(objectClass=person)", "directory.user_filter", "not_filter"},
		{"no.such.key", "x", "no.such.key", "not_known"},
		{"enrollment.min_os", "eighteen", "enrollment.min_os", "not_version"},
		{"enrollment.max_phones", "-1", "enrollment.max_phones", "out_of_range"},
		{"enrollment.max_phones", "two", "enrollment.max_phones", "not_number"},
		{"enrollment.who", "friends", "enrollment.who", "not_choice"},
		{"enrollment.people", "anna @example.org", "enrollment.people", "not_account"},
		{"enrollment.groups", "Warehouse", "enrollment.groups", "not_json"},
		{"enrollment.groups", `[{"name":"Warehouse"}]`, "enrollment.groups", "empty_group"},
		{"enrollment.groups", `[{"name":"Warehouse","cn":"x"}]`, "enrollment.groups", "not_json"},
		{"enrollment.groups", `[{"name":"A","dn":"cn=a"},{"name":"a","dn":"cn=b"}]`, "enrollment.groups", "twice"},
		{"portal.order", "backwards", "portal.order", "not_choice"},
		{"portal.accent_light", "teal", "portal.accent_light", "not_color"},
		{"portal.accent_light", "#2dd4bf", "portal.accent_light", "contrast"},
		{"portal.accent_dark", "#0f2f2c", "portal.accent_dark", "contrast"},
		{"portal.gets", strings.Repeat("x", 61), "portal.gets", "too_long"},
		{"privacy.keep_days", "99999", "privacy.keep_days", "out_of_range"},
		{"inventory.every", "hour", "inventory.every", "not_choice"},
		{"inventory.quiet_from", "8 pm", "inventory.quiet_from", "not_time"},
		{"inventory.quiet_until", "24:00", "inventory.quiet_until", "not_time"},
	} {
		t.Run(c.key+"="+c.value[:min(len(c.value), 20)], func(t *testing.T) {
			t.Parallel()
			s, l := open(dbtest.Open(t))
			err := s.Change(t.Context(), false, func(now *settings.Settings) error { return settings.SetKey(now, c.key, c.value) })
			var invalid *settings.Invalid
			if !errors.As(err, &invalid) || invalid.Field != c.field || invalid.Problem != c.problem {
				t.Errorf("got %v, want %s %s", err, c.field, c.problem)
			}
			got, err := s.Get(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(settings.Defaults(), got); diff != "" {
				t.Errorf("a refused change changed something (-want +got):\n%s", diff)
			}
			if events, err := l.List(t.Context(), event.Query{}); err != nil || len(events) != 0 {
				t.Errorf("a refused change left events: %v, %v", events, err)
			}
		})
	}
}

func TestGuardRefusesUnlessForced(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := open(d)
		stranded := errors.New("14 phones would be cut off")
		s.Guard(func(_ *db.Tx, old, next settings.Settings) error {
			if old.URL != "" && old.URL != next.URL {
				return stranded
			}
			return nil
		})
		set := func(force bool, url string) error {
			return s.Change(t.Context(), force, func(now *settings.Settings) error { now.URL = url; return nil })
		}
		if err := set(false, "https://a.example"); err != nil {
			t.Fatal(err)
		}
		if err := set(false, "https://b.example"); !errors.Is(err, stranded) {
			t.Errorf("guarded change: got %v, want the guard's error", err)
		}
		if got, _ := s.Get(t.Context()); got.URL != "https://a.example" {
			t.Errorf("after a refused change the address is %q", got.URL)
		}
		if err := set(true, "https://b.example"); err != nil {
			t.Errorf("forced change: %v", err)
		}
	})
}

func TestSecretsAreSealed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := open(d)
		err := d.Update(t.Context(), func(tx *db.Tx) error { return s.SetSecret(tx, settings.BindPassword, []byte("tell nobody")) })
		if err != nil {
			t.Fatal(err)
		}
		err = d.View(t.Context(), func(tx *db.Tx) error {
			got, err := s.Secret(tx, settings.BindPassword)
			if err != nil || string(got) != "tell nobody" {
				t.Errorf("secret: got %q, %v", got, err)
			}
			var stored []byte
			if err := tx.Row(`SELECT sealed FROM secrets`).Scan(&stored); err != nil {
				return err
			}
			if strings.Contains(string(stored), "nobody") {
				t.Error("the database shows the secret")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		err = d.Update(t.Context(), func(tx *db.Tx) error {
			if err := s.SetSecret(tx, settings.BindPassword, nil); err != nil {
				return err
			}
			if _, err := s.Secret(tx, settings.BindPassword); !errors.Is(err, settings.ErrNoSecret) {
				t.Errorf("a removed secret: got %v, want ErrNoSecret", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestEveryKeyCanBeReadAndSetAgain(t *testing.T) {
	s := settings.Defaults()
	for _, k := range settings.Keys() {
		v, err := settings.GetKey(s, k.Name)
		if err != nil {
			t.Fatal(err)
		}
		if err := settings.SetKey(&s, k.Name, v); err != nil {
			t.Errorf("set %s to what it was, %q: %v", k.Name, v, err)
		}
	}
	if diff := cmp.Diff(settings.Defaults(), s); diff != "" {
		t.Errorf("after setting every key to what it was (-want +got):\n%s", diff)
	}
}

func TestPoorContrastIsRefusedWithAColourThatWouldDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ light, dark string }{
		{"#ffffff", "#000000"}, {"#2dd4bf", "#0f766e"}, {"#ffcc00", "#330066"}, {"#7f7f7f", "#5f5f5f"}, {"#ff0000", "#ff0000"},
	} {
		p := settings.Portal{AccentLight: c.light, AccentDark: c.dark}
		for _, verdict := range settings.Contrasts(p) {
			if verdict.Problem == "" {
				continue
			}
			again := settings.Portal{AccentLight: verdict.Suggestion, AccentDark: verdict.Suggestion}
			for _, second := range settings.Contrasts(again) {
				if second.Field == verdict.Field && second.Problem != "" {
					t.Errorf("%s %s: the suggestion %s has a contrast of %.2f", verdict.Field, verdict.Color, second.Color, second.Ratio)
				}
			}
		}
	}
	for _, verdict := range settings.Contrasts(settings.Defaults().Portal) {
		if verdict.Problem != "" || verdict.Ratio < settings.Readable {
			t.Errorf("the default %s: %+v", verdict.Field, verdict)
		}
	}
}

func TestFollowersBelongToTheChange(t *testing.T) {
	t.Parallel()
	s, _ := open(dbtest.Open(t))
	failed := errors.New("no")
	calls := 0
	s.Follow(func(_ *db.Tx, old, next settings.Settings) error {
		calls++
		if old.Privacy.Battery && !next.Privacy.Battery {
			return failed
		}
		return nil
	})
	set := func(key, value string) error {
		return s.Change(t.Context(), true, func(now *settings.Settings) error { return settings.SetKey(now, key, value) })
	}
	if err := set("privacy.battery", "false"); !errors.Is(err, failed) {
		t.Errorf("got %v, want the follower's error", err)
	}
	if now, err := s.Get(t.Context()); err != nil || !now.Privacy.Battery {
		t.Errorf("a change that could not be followed was kept: %v", err)
	}
	if err := set("privacy.storage", "false"); err != nil || calls != 2 {
		t.Errorf("got %v after %d calls", err, calls)
	}
}

func TestGroupsComeInForm(t *testing.T) {
	t.Parallel()
	s, _ := open(dbtest.Open(t))
	err := s.Change(t.Context(), false, func(now *settings.Settings) error {
		now.Enrollment.MinOS = "18.0"
		now.Enrollment.People = []string{" Anna@Bücher.example ", "anna@xn--bcher-kva.example"}
		return settings.SetKey(now, "enrollment.groups", `[{"name":" Warehouse ","dn":"cn=w,ou=Groups, dc=x","people":["BEN@example.org"]}]`)
	})
	if err != nil {
		t.Fatal(err)
	}
	now, err := s.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := settings.Defaults().Enrollment
	want.MinOS, want.People = "18", []string{"anna@xn--bcher-kva.example"}
	want.Groups = []settings.Group{{Name: "Warehouse", DN: "cn=w,ou=Groups, dc=x", People: []string{"ben@example.org"}}}
	if diff := cmp.Diff(want, now.Enrollment); diff != "" {
		t.Errorf("enrollment (-want +got):\n%s", diff)
	}
}

// A change that comes to nothing must not stay in what was decoded last, and one that another process makes is seen.
func TestSettingsAreThoseOfTheTransaction(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, other := settings.Open(d, event.New(d)), settings.Open(d, event.New(d))
		name := func(want string) {
			t.Helper()
			if now, err := s.Get(t.Context()); err != nil || now.Organization.Name != want {
				t.Errorf("the name is %q, %v; want %q", now.Organization.Name, err, want)
			}
		}
		set := func(s *settings.Store, name string, after func(*db.Tx) error) error {
			return d.Update(t.Context(), func(tx *db.Tx) error {
				err := s.ChangeIn(tx, false, func(n *settings.Settings) error { n.Organization.Name = name; return nil })
				if err != nil {
					return err
				}
				return after(tx)
			})
		}
		good := func(*db.Tx) error { return nil }
		if err := set(s, "one", good); err != nil {
			t.Fatal(err)
		}
		name("one")
		undone := errors.New("undone")
		if err := set(s, "two", func(tx *db.Tx) error {
			if now, err := s.In(tx); err != nil || now.Organization.Name != "two" {
				t.Errorf("inside, the name is %q, %v; want two", now.Organization.Name, err)
			}
			return undone
		}); !errors.Is(err, undone) {
			t.Fatal(err)
		}
		name("one")
		if err := set(other, "three", good); err != nil {
			t.Fatal(err)
		}
		name("three")
	})
}

func TestQuietHours(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, until string
		quiet       []string
		loud        []string
	}{
		{"20:00", "07:00", []string{"20:00", "23:59", "00:00", "06:59"}, []string{"07:00", "12:00", "19:59"}},
		{"12:00", "13:30", []string{"12:00", "13:29"}, []string{"11:59", "13:30", "00:00"}},
		{"08:00", "08:00", nil, []string{"08:00", "07:59"}},
		{"20:00", "", nil, []string{"20:00", "03:00"}},
		{"", "07:00", nil, []string{"20:00", "03:00"}},
	} {
		hours := settings.Inventory{QuietFrom: c.from, QuietUntil: c.until}
		for i, at := range append(c.quiet, c.loud...) {
			now, err := time.Parse("15:04", at)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := hours.Quiet(now), i < len(c.quiet); got != want {
				t.Errorf("quiet from %q until %q: at %s got %v", c.from, c.until, at, got)
			}
		}
	}
}
