//go:build linux && e2e

package windowtest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"example.org/gatehouse/backend"
)

// patience is how long anything a person waits for may take here, with other tests beside us.
const patience = 30 * time.Second

// eventually asks again and again, until fn has no more to complain about.
func eventually(t *testing.T, what string, fn func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if err = fn(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

// command runs one of the desktop's little tools and returns what it prints.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Logf("%s %q: %v: %s", name, args, err, out)
	}
	return string(out)
}

// background starts a program that lives until the test ends.
func background(t *testing.T, env []string, name string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), env...)
	c.Stdout, c.Stderr = t.Output(), t.Output()
	c.WaitDelay = time.Second // its children may keep the pipe open
	if err := c.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	t.Cleanup(func() {
		c.Process.Kill() //nolint:errcheck // it may have ended
		c.Wait()         //nolint:errcheck // we ended it
	})
	return c
}

// window is the program's window, seen through WebDriver.
type window struct {
	t       *testing.T
	session string // address of the WebDriver session
}

// open starts the program on a data folder. The window ends with the test.
func open(t *testing.T, data string, env ...string) *window {
	t.Helper()
	program := os.Getenv("GATEHOUSE_WINDOW")
	if program == "" {
		t.Fatal("GATEHOUSE_WINDOW names no program; run make test")
	}
	background(t, nil, "openbox")
	home := t.TempDir() // what WebKit keeps of a page belongs to the test
	w := drive(t, program, []string{},
		append(env, "GATEHOUSE_DATA="+data, "XDG_DATA_HOME="+home, "XDG_CACHE_HOME="+home, "XDG_CONFIG_HOME="+home)...)
	t.Cleanup(func() { end(t, data) })
	return w
}

// drive starts a program that is made of WebKit, and takes its window over.
func drive(t *testing.T, program string, args []string, env ...string) *window {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	background(t, env, "WebKitWebDriver", "--host=127.0.0.1", "--port="+port)
	w := &window{t: t, session: "http://127.0.0.1:" + port}
	eventually(t, "the driver is ready", func() error {
		var status struct{ Ready bool }
		if err := w.call("GET", "/status", nil, &status); err != nil {
			return err
		}
		return nil
	})
	var made struct {
		SessionID string `json:"sessionId"`
	}
	must(t, "open the window", w.call("POST", "/session", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"webkitgtk:browserOptions": map[string]any{"binary": program, "args": args},
	}}}, &made))
	w.session += "/session/" + made.SessionID
	return w
}

// end tells the program to end, and sees that it does: the driver only closes the window, and that keeps the server.
func end(t *testing.T, data string) {
	there, err := backend.FindRunning(data)
	if err != nil {
		return // it has ended by itself
	}
	if err := syscall.Kill(there.PID, syscall.SIGTERM); err != nil {
		t.Logf("tell the program to end: %v", err)
	}
	for limit := time.Now().Add(patience); time.Now().Before(limit); time.Sleep(100 * time.Millisecond) {
		if _, err := backend.FindRunning(data); err != nil {
			return
		}
	}
	t.Errorf("the program did not end within %s of being told to", patience)
	syscall.Kill(there.PID, syscall.SIGKILL) //nolint:errcheck // it is the last thing we can do
}

func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// call is one request to the driver.
func (w *window) call(method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var body bytes.Buffer
	if method == http.MethodPost {
		if in == nil {
			in = struct{}{}
		}
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, w.session+path, &body)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var envelope struct{ Value json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&envelope); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, envelope.Value)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(envelope.Value, out)
}

// js runs a function body in the page and returns what it returns.
func (w *window) js(script string, args ...any) (any, error) {
	if args == nil {
		args = []any{}
	}
	var v any
	err := w.call("POST", "/execute/sync", map[string]any{"script": script, "args": args}, &v)
	return v, err
}

// find waits for an element. A selector that begins with / is XPath.
func (w *window) find(selector string) string {
	w.t.Helper()
	using := "css selector"
	if selector[0] == '/' {
		using = "xpath"
	}
	var id string
	eventually(w.t, "find "+selector, func() error {
		var element map[string]string
		if err := w.call("POST", "/element", map[string]any{"using": using, "value": selector}, &element); err != nil {
			return err
		}
		for _, v := range element {
			id = v
		}
		return nil
	})
	return id
}

// click waits for an element and clicks on it.
func (w *window) click(selector string) {
	w.t.Helper()
	eventually(w.t, "click on "+selector, func() error {
		return w.call("POST", "/element/"+w.find(selector)+"/click", nil, nil)
	})
}

// fill replaces what is in a field.
func (w *window) fill(selector, text string) {
	w.t.Helper()
	field := "/element/" + w.find(selector)
	must(w.t, "clear "+selector, w.call("POST", field+"/clear", nil, nil))
	must(w.t, "type into "+selector, w.call("POST", field+"/value", map[string]any{"text": text}, nil))
}

// give chooses a file in a file field.
func (w *window) give(selector, file string) {
	w.t.Helper()
	must(w.t, "choose "+file, w.call("POST", "/element/"+w.find(selector)+"/value", map[string]any{"text": file}, nil))
}

// sees waits until the page shows the words.
func (w *window) sees(words string) {
	w.t.Helper()
	eventually(w.t, fmt.Sprintf("see %q", words), func() error {
		v, err := w.js("return document.body.innerText")
		if err != nil {
			return err
		}
		if text, _ := v.(string); !bytes.Contains([]byte(text), []byte(words)) {
			return fmt.Errorf("the page says:\n%s", text)
		}
		return nil
	})
}

// picture keeps a picture of the page in build/test/window, for people to look at.
func (w *window) picture(name string) {
	w.t.Helper()
	const drawn = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 200)))"
	must(w.t, "let the page draw", w.call("POST", "/execute/async", map[string]any{"script": drawn, "args": []any{}}, nil))
	var encoded string
	must(w.t, "take a picture", w.call("GET", "/screenshot", nil, &encoded))
	png, err := base64.StdEncoding.DecodeString(encoded)
	must(w.t, "decode the picture", err)
	dir := filepath.Join("..", "..", "build", "test", "window")
	must(w.t, "make the folder of pictures", os.MkdirAll(dir, 0o755))
	must(w.t, "keep the picture", os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}
