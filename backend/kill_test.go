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
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/gatehouse/backend"
	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/sim"
)

// prepared is a world whose server has been set up and knows n people, each with an enrollment code. It is stopped.
func prepared(t *testing.T, n int) (w *world, codes []string) {
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
	t       *testing.T
	cmd     *exec.Cmd
	running backend.Running
}

func spawn(t *testing.T, w *world, env ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0])} //nolint:gosec,noctx // this very test binary, ended by the test
	p.cmd.Env = append(append(os.Environ(), childFolder+"="+w.data), env...)
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
	w, codes := prepared(t, 20)
	size := int64(0)
	for _, name := range []string{"gatehouse.db", "gatehouse.db-wal"} {
		if info, err := os.Stat(filepath.Join(w.data, name)); err == nil {
			size = max(size, info.Size())
		}
	}
	server := spawn(t, w, childLimit+"="+strconv.FormatInt(size+200<<10, 10))
	var acknowledged []string
	var full error
	for i := range codes {
		p := w.phones[identifier(i)]
		state, err := bring(t.Context(), p, identifier(i), codes[i])
		if state == "enrolled" {
			acknowledged = append(acknowledged, p.EnrollmentID())
		}
		if err != nil {
			full = err
			break
		}
	}
	var status *sim.StatusError
	var page *sim.SignInError // the sheet stays open: an HTTP error there would end the enrollment
	if !errors.As(full, &page) && (!errors.As(full, &status) || status.Status < 500) {
		t.Fatalf("on a full disk a phone got %v, want a status from 500 on, or a page that says so", full)
	}
	asked := 0
	for _, p := range w.phones {
		if !p.Enrolled() {
			continue
		}
		asked++
		answer, err := p.Send(t.Context(), sim.ToServer, p.Report("Idle", "", nil), sim.SendOptions{})
		if err != nil || answer.Status != http.StatusServiceUnavailable {
			t.Errorf("an enrolled phone on a full disk got %d, %v; want 503, after which it comes again", answer.Status, err)
		}
	}
	if asked == 0 {
		t.Error("no phone enrolled before the disk was full")
	}
	if said, err := w.get([]string{"/healthz"}); err != nil || !strings.HasPrefix(said, "503") {
		t.Errorf("healthz on a full disk: got %s, %v; want 503", said, err)
	}
	server.kill()
	if err := w.open(); err != nil {
		t.Fatalf("start with room on the disk again: %v", err)
	}
	for _, id := range acknowledged {
		if _, err := w.house.API().Enrollment(operator(), &admin.EnrollmentIn{ID: id}); err != nil {
			t.Errorf("enrollment %s was acknowledged and is lost: %v", id, err)
		}
	}
	if said, err := w.get([]string{"/healthz"}); err != nil || !strings.HasPrefix(said, "200") {
		t.Errorf("healthz with room again: got %s, %v; want 200", said, err)
	}
}
