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
	"strings"
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

// The stories are text files; serve, crash, phone, pushcert, fields and exitcode are words of ours.
func TestStories(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GATEHOUSE_DATA", filepath.Join(e.WorkDir, "data"))
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": serve, "phone": phone, "pushcert": pushCertificate, "fields": fields, "crash": crash, "exitcode": exitCode,
		},
	})
}

// serve NAME [ARG …]: starts a server in the background and waits for its ready lines.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: serve NAME [ARG …]")
	}
	file := ts.MkAbs(args[0] + ".out")
	out, err := os.Create(file)
	ts.Check(err)
	path, err := exec.LookPath("gatehoused")
	if err != nil {
		path = filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], "gatehoused")
	}
	c := exec.Command(path, append([]string{"serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, args[1:]...)...)
	c.Env = append(os.Environ(), "GATEHOUSE_DATA="+ts.Getenv("GATEHOUSE_DATA"), "HOME="+ts.Getenv("HOME"))
	c.Stdout, c.Stderr = out, out
	ts.Check(c.Start())
	ts.Setenv("PID", fmt.Sprint(c.Process.Pid))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Wait()
		_ = out.Close()
	}()
	ts.Defer(func() {
		_ = c.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = c.Process.Kill()
			<-ended
		}
	})
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		b, err := os.ReadFile(file)
		ts.Check(err)
		for line := range strings.Lines(string(b)) {
			if a, ok := strings.CutPrefix(strings.TrimSpace(line), "ready public https://"); ok {
				ts.Setenv("PUBLIC", a)
			}
			if a, ok := strings.CutPrefix(strings.TrimSpace(line), "ready admin "); ok {
				ts.Setenv("ADMIN", a)
				return
			}
		}
	}
	ts.Fatalf("the server is not ready:\n%s", ts.ReadFile(args[0]+".out"))
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

// crash: ends the server without a chance to say goodbye.
func crash(ts *testscript.TestScript, _ bool, _ []string) {
	var pid int
	_, err := fmt.Sscan(ts.Getenv("PID"), &pid)
	ts.Check(err)
	p, err := os.FindProcess(pid)
	ts.Check(err)
	ts.Check(p.Kill())
	time.Sleep(200 * time.Millisecond)
}

// phone IDENTIFIER PASSWORD ANCHOR: a phone enrolls at $PUBLIC and answers what it is asked; $PHONE is its enrollment.
func phone(ts *testscript.TestScript, neg bool, args []string) {
	anchor, err := os.ReadFile(ts.MkAbs(args[2]))
	ts.Check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(anchor)
	p := sim.NewPhone(sim.PhoneOptions{Roots: roots, Dial: sim.DialTo(ts.Getenv("PUBLIC")), Name: "Anna's iPhone"})
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

// fields NAME=VALUE …: the last standard output is one JSON document, an object or an array whose first element is meant;
// a field without a value must be there.
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
	}
}
