package cli

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"example.org/gatehouse/backend/sim"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"gatehoused": func() { os.Exit(Main(os.Args[1:])) },
	})
}

// The stories are text files; serve, start, stop, crash, phone, devices, pushcert, fields and exitcode are words of ours.
func TestStories(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GATEHOUSE_DATA", filepath.Join(e.WorkDir, "data"))
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("TMPDIR", filepath.Join(e.WorkDir, ".tmp"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": serve, "phone": phone, "pushcert": pushCertificate, "fields": fields, "remember": remember, "crash": crash, "exitcode": exitCode, "start": start, "stop": stop, "devices": devices,
		},
	})
}

// serve NAME [ARG …]: starts a server in the background and waits until it answers.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: serve NAME [ARG …]")
	}
	start(ts, false, append([]string{args[0], "ready admin", "serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, args[1:]...))
}

// start NAME LINE ARG …: starts a command in the background and waits for the line, which goes to NAME.out with
// everything it says. $PUBLIC, $ADMIN and $PID are of the last one.
func start(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(args[0] + ".out")
	out, err := os.Create(file)
	ts.Check(err)
	path, err := exec.LookPath("gatehoused")
	ts.Check(err)
	c := exec.Command(path, args[2:]...)
	c.Env = append(os.Environ(), "GATEHOUSE_DATA="+ts.Getenv("GATEHOUSE_DATA"), "HOME="+ts.Getenv("HOME"), "TMPDIR="+ts.Getenv("TMPDIR"))
	c.Stdout, c.Stderr = out, out
	ts.Check(c.Start())
	r := &running{process: c.Process, ended: make(chan struct{})}
	started.Store(c.Process.Pid, r)
	ts.Setenv("PID", strconv.Itoa(c.Process.Pid))
	go func() {
		defer close(r.ended)
		r.err = errors.Join(c.Wait(), out.Close())
	}()
	ts.Defer(func() { _ = r.stop() }) // a story may have stopped or killed it
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		b, err := os.ReadFile(file)
		ts.Check(err)
		there := false
		for line := range strings.Lines(string(b)) {
			if a, ok := strings.CutPrefix(strings.TrimSpace(line), "ready public https://"); ok {
				ts.Setenv("PUBLIC", a)
			}
			there = there || strings.HasPrefix(line, args[1])
		}
		if there {
			return
		}
	}
	ts.Fatalf("%q was not said:\n%s", args[1], ts.ReadFile(args[0]+".out"))
}

// running is a command in the background.
type running struct {
	process *os.Process
	ended   chan struct{}
	err     error // known when ended is closed
}

var started sync.Map // process id → *running

// stop asks it to end, and waits.
func (r *running) stop() error {
	if err := r.process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-r.ended:
		return r.err
	case <-time.After(20 * time.Second):
		return errors.Join(errors.New("it does not end"), r.process.Kill())
	}
}

// stop: the last command in the background is told to end, and must do so with exit code 0.
func stop(ts *testscript.TestScript, _ bool, _ []string) { ts.Check(lastStarted(ts).stop()) }

// crash: it ends without a chance to say goodbye.
func crash(ts *testscript.TestScript, _ bool, _ []string) {
	r := lastStarted(ts)
	ts.Check(r.process.Kill())
	<-r.ended
}

func lastStarted(ts *testscript.TestScript) *running {
	pid, err := strconv.Atoi(ts.Getenv("PID"))
	ts.Check(err)
	r, ok := started.Load(pid)
	if !ok {
		ts.Fatalf("nothing runs")
	}
	return r.(*running)
}

// exitcode CODE COMMAND …: the command ends with this exit code, and with one line on standard error unless the code is 0.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	}
	lines := strings.Count(ts.ReadFile("stderr"), "\n")
	if fmt.Sprint(got) != args[0] || got != 0 && lines != 1 {
		ts.Fatalf("%v: exit code %d with %d lines of explanation, want %s", args[1:], got, lines, args[0])
	}
}

// phone IDENTIFIER PASSWORD ANCHOR: a phone enrolls at $PUBLIC and answers what it is asked; $PHONE is its enrollment.
func phone(ts *testscript.TestScript, neg bool, args []string) {
	anchor, err := os.ReadFile(ts.MkAbs(args[2]))
	ts.Check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(anchor)
	authority, err := deviceAuthority()
	ts.Check(err)
	device, err := authority.Issue()
	ts.Check(err)
	p := sim.NewPhone(sim.PhoneOptions{Roots: roots, Dial: sim.DialTo(ts.Getenv("PUBLIC")), Device: device, Name: "Anna's iPhone"})
	defer p.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err = p.Enroll(ctx, args[0], args[1])
	if err == nil {
		_, err = p.Poll(ctx)
	}
	if neg != (err != nil) {
		ts.Fatalf("phone: %v", err)
	}
	ts.Setenv("PHONE", p.EnrollmentID())
}

// deviceAuthority is behind all phones of the stories.
var deviceAuthority = sync.OnceValues(func() (*sim.DeviceAuthority, error) { return sim.NewDeviceAuthority(1) })

// devices FILE: the authority of the phones, for --device-anchor.
func devices(ts *testscript.TestScript, _ bool, args []string) {
	authority, err := deviceAuthority()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), authority.PEM(), 0o600))
}

// pushcert TOPIC CERT KEY: a push certificate as files.
func pushCertificate(ts *testscript.TestScript, _ bool, args []string) {
	push, err := sim.NewAPNs(sim.APNsOptions{})
	ts.Check(err)
	defer func() { ts.Check(push.Close()) }()
	certificate, key, err := push.NewPushCertificate(args[0], time.Now().AddDate(1, 0, 0))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), certificate, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), key, 0o600))
}

// remember NAME FIELD: $NAME is a field of the one JSON document on standard output.
func remember(ts *testscript.TestScript, neg bool, args []string) {
	var document map[string]any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &document); neg || len(args) != 2 || err != nil {
		ts.Fatalf("usage: remember NAME FIELD, after one JSON document: %v", err)
	}
	ts.Setenv(args[0], fmt.Sprint(document[args[1]]))
}

// fields NAME=VALUE …: the last standard output is one JSON document, an object or an array whose first element is meant;
// a field without a value must be there, and is a variable from then on: id is $ID.
func fields(ts *testscript.TestScript, neg bool, args []string) {
	out := []byte(ts.ReadFile("stdout"))
	var document any
	if err := json.Unmarshal(out, &document); err != nil {
		ts.Fatalf("not one JSON document: %v in %s", err, out)
	}
	if list, ok := document.([]any); ok {
		if len(list) == 0 {
			ts.Fatalf("the array is empty")
		}
		document = list[0]
	}
	object, ok := document.(map[string]any)
	if !ok {
		ts.Fatalf("no object in %s", out)
	}
	for _, arg := range args {
		name, want, compare := strings.Cut(arg, "=")
		got, there := object[name]
		if there == neg || compare && fmt.Sprint(got) != want {
			ts.Fatalf("field %s: got %v (there: %t) in %s", arg, got, there, out)
		}
		if !compare && there {
			ts.Setenv(strings.ToUpper(name), fmt.Sprint(got))
		}
	}
}
