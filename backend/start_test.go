package backend_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.org/gatehouse/backend"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// started is a world whose server is set up and runs.
func started(t *testing.T) *world {
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
		t.Fatalf("%v\n%s", err, w.log)
	}
	return w
}

func TestSecondStartFindsTheFirst(t *testing.T) {
	t.Parallel()
	w := started(t)
	c, err := w.config()
	if err != nil {
		t.Fatal(err)
	}
	_, err = backend.Open(t.Context(), c)
	var held *backend.HeldError
	if !errors.Is(err, backend.ErrHeld) || !errors.As(err, &held) {
		t.Fatalf("second start: got %v, want ErrHeld", err)
	}
	r := held.Running
	if r.PID != os.Getpid() || r.Admin != "http://"+w.house.AdminAddr() || r.Token != w.house.Token() || r.Public != w.house.PublicAddr() {
		t.Errorf("second start: got %v, want where the first one is", r)
	}
	for _, text := range []string{err.Error(), fmt.Sprint(r), fmt.Sprintf("%+v", r)} {
		if strings.Contains(text, r.Token) {
			t.Errorf("%q shows the token", text)
		}
	}

	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.Admin+"/api/overview", nil)
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]int{r.Token: http.StatusOK, "made-up": http.StatusUnauthorized} {
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("ask the first one with token %.8s…: got %d, want %d", token, answer.StatusCode, want)
		}
	}

	if err := w.shut(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(w.data, "server.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("server.json after the end: %v", err)
	}
	if err := w.open(); err != nil {
		t.Errorf("start after the end of the first: %v", err)
	}
}

func TestDataBelongsToItsOwnerAlone(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps the folder of a user private by itself")
	}
	w := started(t)
	for name, want := range map[string]os.FileMode{".": 0o700, "server.json": 0o600, "lock": 0o600, "gatehouse.db": 0o600, "gatehouse.db-wal": 0o600} {
		info, err := os.Stat(filepath.Join(w.data, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v; want %v", name, info.Mode().Perm(), err, want)
		}
	}
}

func TestTakenPortIsNamed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, purpose := range []string{"phones", "screens"} {
		w := started(t)
		if err := w.shut(); err != nil {
			t.Fatal(err)
		}
		c, err := w.config()
		if err != nil {
			t.Fatal(err)
		}
		if purpose == "phones" {
			c.Listen = l.Addr().String()
		} else {
			c.Admin = l.Addr().String()
		}
		b, err := backend.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		err = b.Run(t.Context())
		var taken *backend.ListenError
		if !errors.As(err, &taken) || !taken.Taken() || taken.Purpose != purpose || taken.Addr != l.Addr().String() {
			t.Errorf("%s on a taken port: got %v, want a ListenError with the address", purpose, err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestStartsThatCannotBe(t *testing.T) {
	t.Parallel()
	w := started(t)
	if err := w.shut(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	newer := copied(t, w.data)
	advance(t, newer)
	damaged := copied(t, w.data)
	if err := os.WriteFile(filepath.Join(damaged, "gatehouse.db"), bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*backend.Config)
		want   error
	}{
		"folder is a file":    {func(c *backend.Config) { c.Data = file }, backend.ErrFolder},
		"folder in a file":    {func(c *backend.Config) { c.Data = filepath.Join(file, "data") }, backend.ErrFolder},
		"no folder":           {func(c *backend.Config) { c.Data = "" }, backend.ErrFolder},
		"clock of long ago":   {func(c *backend.Config) { c.Now = func() time.Time { return time.Now().AddDate(-10, 0, 0) } }, backend.ErrClock},
		"clock of last week":  {func(c *backend.Config) { c.Now = func() time.Time { return time.Now().AddDate(0, 0, -7) } }, backend.ErrClock},
		"newer database":      {func(c *backend.Config) { c.Data = newer }, db.ErrNewer},
		"no database":         {func(c *backend.Config) { c.Data = damaged }, db.ErrDamaged},
		"another sealing key": {func(c *backend.Config) { c.Key = []byte("another key, also of 32 letters!") }, backend.ErrKey},
		"short sealing key":   {func(c *backend.Config) { c.Key = []byte("short") }, backend.ErrKey},
		"screens for all":     {func(c *backend.Config) { c.Admin = "0.0.0.0:0" }, backend.ErrAdminAddress},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := w.config()
			if err != nil {
				t.Fatal(err)
			}
			c.change(&config)
			b, err := backend.Open(t.Context(), config)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err == nil {
				b.Close()
			}
		})
	}
	if err := w.open(); err != nil {
		t.Errorf("a good start afterwards: %v", err)
	}
}

// TestClockThatWasAheadLocksNobodyOut: an entry of the future is told, and no reason to stay closed.
func TestClockThatWasAheadLocksNobodyOut(t *testing.T) {
	t.Parallel()
	w := started(t)
	if err := w.shut(); err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(w.data, "gatehouse.db"), db.Options{Key: sealingKey})
	if err != nil {
		t.Fatal(err)
	}
	ahead := time.Now().AddDate(5, 0, 0)
	err = d.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE events SET at = $1 WHERE seq = (SELECT MAX(seq) FROM events)`, db.Millis(ahead))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	found := event.New(d).Health(t.Context())
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Code != "clock.ahead_before" {
		t.Errorf("findings %v, want clock.ahead_before", found)
	}
	if err := w.open(); err != nil {
		t.Errorf("start after the clock was set right: %v", err)
	}
}

// TestFolderOfOthersIsLeftAlone: a folder that somebody else made keeps its rights, and one that others may write to is
// not ours to keep secrets in.
func TestFolderOfOthersIsLeftAlone(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such mode bits")
	}
	w := started(t)
	config, err := w.config()
	if err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode]error{0o755: nil, 0o777: backend.ErrFolder} {
		config.Data = filepath.Join(t.TempDir(), "data")
		if err := errors.Join(os.Mkdir(config.Data, 0o700), os.Chmod(config.Data, mode)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(config.Data, "server.json"), []byte(`{"pid":1}`), 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := backend.Open(t.Context(), config)
		if !errors.Is(err, want) {
			t.Errorf("folder with %o: got %v, want %v", mode, err, want)
		}
		if info, err := os.Stat(config.Data); err != nil || info.Mode().Perm() != mode {
			t.Errorf("folder with %o has %v now, %v", mode, info.Mode().Perm(), err)
		}
		if err != nil {
			continue
		}
		if r, err := backend.FindRunning(config.Data); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("another process is said to run: %v, %v", r, err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

// copied is the data of a stopped server in another folder.
func copied(t *testing.T, data string) string {
	t.Helper()
	other := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(other, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	return other
}

// advance makes a database look as a newer program leaves it.
func advance(t *testing.T, data string) {
	t.Helper()
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(data, "gatehouse.db"), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO schema_versions (version_id, is_applied) VALUES (99999, TRUE)`)
		return err
	})
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestRequestInFlightFinishesWhenTheServerStops(t *testing.T) {
	t.Parallel()
	w := started(t)
	roots, err := w.roots()
	if err != nil {
		t.Fatal(err)
	}
	slow, body := io.Pipe()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://mdm.example.org/enroll", slow)
	if err != nil {
		t.Fatal(err)
	}
	type result struct {
		status int
		err    error
	}
	got := make(chan result)
	go func() {
		client := &http.Client{Transport: &http.Transport{
			DialContext: w.dial, DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		}}
		answer, err := client.Do(request)
		if err != nil {
			got <- result{err: err}
			return
		}
		answer.Body.Close()
		got <- result{status: answer.StatusCode}
	}()
	if _, err := body.Write([]byte("not ")); err != nil { // the request has begun
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // and the server is reading it
	w.stop()
	time.Sleep(100 * time.Millisecond)
	if _, err := body.Write([]byte("CMS")); err != nil {
		t.Fatal(err)
	}
	body.Close()
	if r := <-got; r.err != nil || r.status != http.StatusBadRequest {
		t.Errorf("request in flight: got %d, %v; want its answer, 400", r.status, r.err)
	}
}

func TestLogHasNoSecretsOfTheSignIn(t *testing.T) {
	t.Parallel()
	w := started(t)
	if _, err := w.admin([]string{"add", "anna@example.org", "Anna Lind", "correct-horse"}); err != nil {
		t.Fatal(err)
	}
	if err := w.newPhone("anna", nil); err != nil {
		t.Fatal(err)
	}
	var challenge string
	for _, words := range []string{"discover anna@example.org", "knock", "sheet", "signin correct-horse", "fetch", "identity", "authenticate", "update"} {
		said, err := w.phone(strings.Fields("anna " + words))
		if err != nil {
			t.Fatal(err)
		}
		if words == "knock" {
			challenge = strings.TrimSpace(said)
		}
	}
	p := w.phones["anna"]
	log := w.log.String()
	for what, secret := range map[string]string{
		"password": "correct-horse", "access token": p.Token(), "push magic": p.PushMagic(),
		"admin token": w.house.Token(), "session": challenge[strings.LastIndex(challenge, "/")+1:], "query": "user-identifier",
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has the %s", what)
		}
	}
	if !strings.Contains(log, `route="POST /signin/{session}"`) {
		t.Errorf("the log does not name the routes:\n%s", log)
	}
	if !strings.Contains(log, "request=") {
		t.Error("the log lines of a request do not carry its id")
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	w := started(t)
	roots, err := w.roots()
	if err != nil {
		t.Fatal(err)
	}
	for version, want := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		raw, err := w.dial(ctx, "tcp", "")
		if err != nil {
			t.Fatal(err)
		}
		c := tls.Client(raw, &tls.Config{
			RootCAs: roots, ServerName: "mdm.example.org", MinVersion: tls.VersionTLS10, MaxVersion: version, NextProtos: []string{"h2"},
		})
		err = c.HandshakeContext(ctx)
		if (err == nil) != want {
			t.Errorf("%s: got %v, want it to work: %t", tls.VersionName(version), err, want)
		}
		if err == nil && c.ConnectionState().NegotiatedProtocol != "h2" {
			t.Errorf("%s: no HTTP/2", tls.VersionName(version))
		}
		raw.Close()
		cancel()
	}
}
