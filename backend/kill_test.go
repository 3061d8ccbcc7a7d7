package backend_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/gatehouse/backend"
	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/sim"
)

// prepared is a world whose server has been set up and knows n people, each with an enrollment code. It is stopped.
func prepared(t testing.TB, n int) (w *world, codes []string) {
	t.Helper()
	w, err := newWorld(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := w.server([]string{"start"}); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		code, err := w.admin([]string{"add", identifier(i), "Somebody", "-"})
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, code)
		if err := w.newPhone(identifier(i), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.shut(); err != nil {
		t.Fatal(err)
	}
	return w, codes
}

func identifier(i int) string { return fmt.Sprintf("person%d@example.org", i) }

// process is a server of its own on the data of a world.
type process struct {
	t       testing.TB
	cmd     *exec.Cmd
	running backend.Running
}

func spawn(t testing.TB, w *world) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0])} //nolint:gosec,noctx // this very test binary, ended by the test
	p.cmd.Env = append(os.Environ(), childFolder+"="+w.data, childPush+"="+w.apns.URL(), childTrust+"="+string(w.apns.CAPEM()))
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	err := eventually(func() (err error) {
		p.running, err = backend.FindRunning(w.data)
		if err == nil && (p.running.PID != p.cmd.Process.Pid || p.running.Public == "") {
			err = errors.New("the server does not say where it is")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.elsewhere.Store(p.running.Public)
	return p
}

func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		p.cmd.Process.Kill() //nolint:errcheck // it may be gone
		p.cmd.Wait()         //nolint:errcheck // it was killed
	}
}

// bring brings a phone under management with a code. It says how far the server acknowledged it.
func bring(ctx context.Context, p *sim.Phone, identifier, code string) (acknowledged string, err error) {
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"", func() error { _, err := p.Discover(ctx, identifier); return err }},
		{"", func() error { _, err := p.Knock(ctx); return err }},
		{"", func() error { _, err := p.OpenSheet(ctx); return err }},
		{"", func() error { return p.SignInWithCode(ctx, code) }},
		{"", func() error { _, err := p.FetchProfile(ctx); return err }},
		{"", func() error { _, err := p.RequestIdentity(ctx); return err }},
		{"authenticated", func() error { return p.Authenticate(ctx) }},
		{"enrolled", func() error { return p.UpdateToken(ctx) }},
	} {
		if err := step.do(); err != nil {
			return acknowledged, err
		}
		acknowledged = step.name
	}
	return acknowledged, nil
}

// A 200 means that the row is on disk: a server that is killed in the middle of fifty enrollments loses none that it
// has acknowledged, and the others can begin anew.
func TestKilledServerLosesNothing(t *testing.T) {
	t.Parallel()
	const phones, enough = 50, 20
	w, codes := prepared(t, phones)
	server := spawn(t, w)

	var mu sync.Mutex
	acknowledged := map[string]string{} // guarded by mu; EnrollmentID → how far
	done := 0                           // guarded by mu
	var work sync.WaitGroup
	next := make(chan int)
	for range 8 {
		work.Go(func() {
			for i := range next {
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				phone := w.phones[identifier(i)]
				state, err := bring(ctx, phone, identifier(i), codes[i])
				cancel()
				mu.Lock()
				if state != "" {
					acknowledged[phone.EnrollmentID()] = state
				}
				if err == nil {
					if done++; done == enough {
						server.cmd.Process.Kill() //nolint:errcheck // the test fails below if it lives
					}
				}
				mu.Unlock()
			}
		})
	}
	for i := range phones {
		next <- i
	}
	close(next)
	work.Wait()
	server.kill()
	if done < enough || done == phones {
		t.Fatalf("%d of %d phones enrolled before the server was killed; want at least %d, and not all", done, phones, enough)
	}

	if err := w.open(); err != nil {
		t.Fatalf("start after the kill: %v", err)
	}
	list, err := w.house.API().Enrollments(operator(), &admin.EnrollmentsIn{Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	for _, e := range list.Enrollments {
		known[e.EnrollmentID] = e.State
	}
	for id, state := range acknowledged {
		if got := known[id]; got == "" || (state == "enrolled" && got != "enrolled") {
			t.Errorf("phone %s was told that it is %s; after the kill the server says %q", id, state, got)
		}
	}
	for i := range phones {
		p := w.phones[identifier(i)]
		if !p.Enrolled() {
			continue
		}
		if _, err := p.Poll(t.Context()); err != nil {
			t.Errorf("%s polls after the kill: %v", identifier(i), err)
		}
	}
}

func TestFullDiskRefusesAndKeepsWhatItHas(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no limit for the size of files to play a full disk with")
	}
	w, codes := prepared(t, 3)
	server := spawn(t, w)
	anna, bert, carl := w.phones[identifier(0)], w.phones[identifier(1)], w.phones[identifier(2)]
	if _, err := bring(t.Context(), anna, identifier(0), codes[0]); err != nil {
		t.Fatal(err)
	}
	for _, do := range []func(context.Context) error{
		func(ctx context.Context) error { _, err := bert.Discover(ctx, identifier(1)); return err },
		func(ctx context.Context) error { _, err := bert.Knock(ctx); return err },
		func(ctx context.Context) error { _, err := bert.OpenSheet(ctx); return err },
	} {
		if err := do(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := server.cmd.Process.Signal(fillDisk); err != nil {
		t.Fatal(err)
	}
	if err := eventually(func() error {
		said, err := w.get([]string{"/healthz"})
		if err == nil && !strings.HasPrefix(said, "503") {
			err = fmt.Errorf("healthz on a full disk: got %s, want 503", said)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}

	// An enrolled phone keeps what it had to say and comes again; nobody is sent away.
	for what, body := range map[string][]byte{"Idle": anna.Report("Idle", "", nil), "TokenUpdate": anna.Message("TokenUpdate", nil)} {
		to := sim.ToServer
		if what == "TokenUpdate" {
			to = sim.ToCheckIn
		}
		answer, err := anna.Send(t.Context(), to, body, sim.SendOptions{})
		if err != nil || answer.Status != http.StatusServiceUnavailable {
			t.Errorf("%s of an enrolled phone on a full disk: got %d, %v; want 503", what, answer.Status, err)
		}
	}
	// Somebody in the sheet gets a page, since an HTTP error would end the enrollment.
	var page *sim.SignInError
	if err := bert.SignInWithCode(t.Context(), codes[1]); !errors.As(err, &page) {
		t.Errorf("sign-in on a full disk: got %v, want a page that says so", err)
	}
	// Somebody new cannot begin.
	if _, err := carl.Discover(t.Context(), identifier(2)); err != nil {
		t.Errorf("discovery on a full disk: %v", err)
	}
	var status *sim.StatusError
	if _, err := carl.Knock(t.Context()); !errors.As(err, &status) || status.Status != http.StatusServiceUnavailable {
		t.Errorf("knock on a full disk: got %v, want 503", err)
	}

	server.kill()
	if err := w.open(); err != nil {
		t.Fatalf("start with room on the disk again: %v", err)
	}
	if _, err := anna.Poll(t.Context()); err != nil || !anna.Enrolled() || anna.MustSignIn() {
		t.Errorf("the enrolled phone afterwards: %v", err)
	}
	if err := bert.SignInWithCode(t.Context(), codes[1]); err != nil {
		t.Errorf("the sheet that stayed open: %v", err)
	}
	if said, err := w.get([]string{"/healthz"}); err != nil || !strings.HasPrefix(said, "200") {
		t.Errorf("healthz with room again: got %s, %v; want 200", said, err)
	}
}

func TestStartOnAFullDiskSaysSo(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no limit for the size of files to play a full disk with")
	}
	cmd := exec.Command(os.Args[0]) //nolint:gosec,noctx // this very test binary
	cmd.Env = append(os.Environ(), childFolder+"="+filepath.Join(t.TempDir(), "data"), childDisk+"=full")
	said, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(said), db.ErrFull.Error()) {
		t.Errorf("got %v: %s; want %q", err, said, db.ErrFull)
	}
}
