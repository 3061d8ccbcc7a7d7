package doctor_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend"
	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/ddm"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/doctor"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/pki"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/sim"
	"example.org/gatehouse/backend/text"
)

const (
	anna     = "anna@example.com"
	password = "correct-horse-7"
)

// practice is a running server and a doctor with rooms of his own on the same database.
type practice struct {
	*doctor.Doctor
	db       *db.DB
	settings *settings.Store
	api      *admin.API
	push     *sim.APNs
	ahead    *atomic.Int64 // how far the clock is ahead
	names    map[string][]string
	public   string
}

func each(t *testing.T, test func(t *testing.T, p *practice)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, ""))
	})
	if os.Getenv("TEST_DATABASE_URL") == "" {
		return
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, dbtest.Postgres(t)))
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, database string) *practice {
	t.Helper()
	p := &practice{ahead: new(atomic.Int64), names: map[string][]string{"mdm.example.com": {"192.0.2.1"}, "example.com": {"192.0.2.2"}}}
	clock := func() time.Time { return time.Now().Add(time.Duration(p.ahead.Load())) }
	data := t.TempDir()
	if database == "" {
		database = "sqlite:" + filepath.Join(data, "gatehouse.db")
	}
	var err error
	p.push, err = sim.NewAPNs(sim.APNsOptions{})
	must(t, err)
	t.Cleanup(func() { must(t, p.push.Close()) })
	b := p.serve(t, data, database, clock)
	p.db, err = db.Open(t.Context(), database, db.Options{Key: dbtest.Key, Now: clock})
	must(t, err)
	t.Cleanup(func() { must(t, p.db.Close()) })
	p.Doctor = p.furnish(t, b)
	for p.rows(t)["event "+string(event.Begun)] == 0 { // the server begins the trail a moment after it is ready
		time.Sleep(20 * time.Millisecond)
	}
	return p
}

// serve starts the server and answers its first questions. Unknown devices are refused.
func (p *practice) serve(t *testing.T, data, database string, clock func() time.Time) *backend.Backend {
	t.Helper()
	b, err := backend.Open(t.Context(), backend.Config{
		Data: data, Database: database, Listen: "127.0.0.1:0", Key: dbtest.Key, Log: slog.New(slog.DiscardHandler),
		PushURL: p.push.URL(), PushRoots: p.push.Roots(), Now: clock,
	})
	must(t, err)
	p.api = b.API()
	operator := admin.AsOperator(t.Context())
	var setup admin.SetUpIn
	setup.Body.Organization, setup.Body.Domains, setup.Body.URL = "Example", []string{"example.com"}, "https://mdm.example.com"
	_, err = p.api.SetUp(operator, &setup)
	must(t, err)
	var person admin.AddPersonIn
	person.Body.Identifier, person.Body.Password = anna, password
	_, err = p.api.AddPerson(operator, &person)
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		must(t, <-ended)
		must(t, b.Close())
	})
	<-b.Ready()
	p.public = b.PublicAddr()
	return b
}

func (p *practice) furnish(t *testing.T, b *backend.Backend) *doctor.Doctor {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	events := event.New(p.db)
	p.settings = settings.Open(p.db, events)
	authority, err := pki.Open(t.Context(), p.db, events, log)
	must(t, err)
	words, err := text.Open(p.db, events)
	must(t, err)
	push := apns.New(p.db, events, apns.Options{URL: p.push.URL(), Roots: p.push.Roots(), Log: log})
	door := enroll.New(enroll.Config{DB: p.db, PKI: authority, APNS: push, Events: events, Settings: p.settings, Text: words, Log: log})
	phones := mdm.New(mdm.Config{
		DB: p.db, PKI: authority, APNS: push, Events: events, Tokens: door.Tokens(), Declarations: ddm.New(p.db, p.settings, log), Log: log,
	})
	return doctor.New(doctor.Config{
		DB: p.db, Settings: p.settings, Events: events, Directory: directory.New(p.db, p.settings, events, log),
		PKI: authority, APNS: push, MDM: phones, Enroll: door, Log: log,
		Public: func() string { return p.public },
		Lookup: func(_ context.Context, host string) ([]string, error) {
			if a := p.names[host]; len(a) > 0 {
				return a, nil
			}
			return nil, errors.New("no such host")
		},
	})
}

// certify brings the push certificate without which nobody can enroll.
func (p *practice) certify(t *testing.T) {
	t.Helper()
	certificate, key, err := p.push.NewPushCertificate("com.apple.mgmt.External.1", time.Now().AddDate(1, 0, 0))
	must(t, err)
	var in admin.ImportPushIn
	in.Body.Certificate, in.Body.Key = string(certificate), string(key)
	_, err = p.api.ImportPush(admin.AsOperator(t.Context()), &in)
	must(t, err)
}

func (p *practice) change(t *testing.T, fn func(*settings.Settings)) {
	t.Helper()
	must(t, p.settings.Change(t.Context(), true, func(s *settings.Settings) error { fn(s); return nil }))
}

// rows counts what is in the tables that a phone leaves traces in. That events were removed after they had been sealed is
// itself an event: it says how many, not about whom, and comes only where the rehearsal took longer than the seal waits.
func (p *practice) rows(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{}
	must(t, p.db.View(t.Context(), func(tx *db.Tx) error {
		for _, table := range []string{
			"attempts", "sessions", "tokens", "challenges", "identities", "enrollments", "devices", "commands", "command_results",
			"managed_apps", "pushes", "declaration_status", "secrets", "local_accounts",
		} {
			var n int
			if err := tx.Row(`SELECT COUNT(*) FROM ` + table).Scan(&n); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
			counts[table] = n
		}
		rows, err := tx.Rows(`SELECT kind, COUNT(*) FROM events WHERE kind <> $1 GROUP BY kind`, string(event.Forgotten))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var kind string
			var n int
			if err := rows.Scan(&kind, &n); err != nil {
				return err
			}
			counts["event "+kind] = n
		}
		return rows.Err()
	}))
	return counts
}

func names(steps []doctor.Step) string {
	var list []string
	for _, s := range steps {
		if !s.OK {
			s.Name += "!" + s.Code
		}
		list = append(list, s.Name)
	}
	return strings.Join(list, " ")
}

func TestRehearsalGoesAllTheWayAndLeavesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *practice) {
		p.certify(t)
		p.change(t, func(s *settings.Settings) { s.Enrollment.UnknownDevices = settings.Refuse })
		before := p.rows(t)
		var heard []doctor.Step
		report, err := p.Rehearse(t.Context(), doctor.Rehearsal{Identifier: anna, Password: password, Progress: func(s doctor.Step) { heard = append(heard, s) }})
		must(t, err)
		const way = "push_certificate discover knock sign_in fetch_profile request_identity authenticate update_token commands leave clean_up"
		if got := names(report.Steps); !report.OK || got != way {
			t.Fatalf("got %v %s\n%+v", report.OK, got, report.Steps)
		}
		if names(heard) != way {
			t.Errorf("progress: heard %s", names(heard))
		}
		if diff := cmp.Diff(before, p.rows(t)); diff != "" {
			t.Errorf("left behind (-before +after):\n%s", diff)
		}
	})
}

func TestRehearsalSaysWhereAPhoneWouldStop(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *practice) {
		for _, c := range []struct {
			name, identifier, password, want string
			change                           func()
		}{
			{"no push certificate", anna, password, "push_certificate!push_certificate_missing clean_up", func() {}},
			{"wrong password", anna, "wrong-horse-7", "push_certificate discover knock sign_in!sign_in_refused clean_up", func() { p.certify(t) }},
			{"another domain", "anna@example.net", password, "push_certificate discover!certificate_name clean_up", func() {}},
			{"closed", anna, password, "push_certificate discover!server_refused clean_up", func() {
				p.change(t, func(s *settings.Settings) { s.Enrollment.Open = false })
			}},
		} {
			c.change()
			before := p.rows(t)
			report, err := p.Rehearse(t.Context(), doctor.Rehearsal{Identifier: c.identifier, Password: c.password})
			must(t, err)
			if got := names(report.Steps); got != c.want || report.OK {
				t.Errorf("%s: got %v %s\n%+v", c.name, report.OK, got, report.Steps)
			}
			if diff := cmp.Diff(before, p.rows(t)); diff != "" {
				t.Errorf("%s left behind (-before +after):\n%s", c.name, diff)
			}
		}
	})
}

// A process may die at any line. What its rehearsal made goes with the next one.
func TestALaterDoctorClearsUp(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *practice) {
		p.certify(t)
		before := p.rows(t)
		died := func() (died bool) {
			defer func() { died = recover() != nil }()
			_, err := p.Rehearse(t.Context(), doctor.Rehearsal{Identifier: anna, Password: password, Progress: func(s doctor.Step) {
				if s.Name == "update_token" {
					panic("the process is killed")
				}
			}})
			must(t, err)
			return false
		}()
		if !died {
			t.Fatal("the rehearsal did not come to the step")
		}
		if p.rows(t)["enrollments"] != 1 {
			t.Fatal("there is nothing to clear up")
		}
		if _, err := p.Rehearse(t.Context(), doctor.Rehearsal{Identifier: anna, Password: password}); !errors.Is(err, doctor.ErrRunning) {
			t.Errorf("while it may still run: got %v, want ErrRunning", err)
		}
		p.ahead.Store(int64(4 * time.Minute))
		p.Examine(t.Context())
		if diff := cmp.Diff(before, p.rows(t)); diff != "" {
			t.Errorf("left behind (-before +after):\n%s", diff)
		}
	})
}

// The device of a rehearsal is believed while the rehearsal runs, and not a minute longer than it may. It can vouch for no
// other, and its key is not one of those that anybody can compute.
func TestTheDeviceOfARehearsalEnds(t *testing.T) {
	t.Parallel()
	p := open(t, "")
	p.certify(t)
	var list []*x509.Certificate
	anchors := func() int {
		must(t, p.db.View(t.Context(), func(tx *db.Tx) (err error) {
			list, err = p.Anchors(tx)
			return err
		}))
		return len(list)
	}
	var during, late int
	_, err := p.Rehearse(t.Context(), doctor.Rehearsal{Identifier: anna, Password: password, Progress: func(s doctor.Step) {
		if s.Name == "knock" {
			during = anchors()
			for _, c := range list {
				if key, ok := c.PublicKey.(*rsa.PublicKey); c.IsCA || !ok || key.N.BitLen() < 2048 {
					t.Errorf("%s is an authority, or has a key as weak as Apple's", c.Subject)
				}
			}
			p.ahead.Store(int64(time.Hour))
			late = anchors()
			p.ahead.Store(0)
		}
	}})
	must(t, err)
	if after := anchors(); during != 1 || late != 0 || after != 0 {
		t.Errorf("believed: %d while it runs, %d an hour later, %d after it; want 1, 0, 0", during, late, after)
	}
}

func TestExamination(t *testing.T) {
	t.Parallel()
	p := open(t, "")
	codes := func() []string {
		var list []string
		for _, f := range p.Examine(t.Context()) {
			list = append(list, string(f.Level)+" "+f.Code)
		}
		return list
	}
	want := func(name string, wanted ...string) {
		t.Helper()
		got := codes()
		for _, w := range wanted {
			if !slices.Contains(got, w) {
				t.Errorf("%s: got %v, want %s", name, got, w)
			}
		}
	}
	want("without a push certificate", "attention push_certificate_missing", "good server_good", "good host_good")
	if slices.ContainsFunc(codes(), func(c string) bool { return strings.Contains(c, "discovery") }) {
		t.Errorf("one cause, two findings: %v", codes())
	}
	p.certify(t)
	want("all is well", "good discovery_good", "good server_good", "good push_certificate_good")

	p.change(t, func(s *settings.Settings) { s.Enrollment.Open = false })
	want("closed", "attention enrollment_closed")
	p.change(t, func(s *settings.Settings) { s.Enrollment.Open = true })

	delete(p.names, "example.com")
	p.names["mdm.example.com"] = []string{"127.0.0.1", "::1"}
	want("names", "attention host_loopback", "attention domain_unknown")

	p.public = "127.0.0.1:1"
	want("nobody answers", "broken server_unreachable", "broken discovery_wrong")
	p.public = ""
	want("stopped", "broken server_stopped")
	if got := codes(); !strings.HasPrefix(got[0], "broken") {
		t.Errorf("the most urgent comes first; got %v", got)
	}
}
