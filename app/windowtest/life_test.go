//go:build linux && e2e

package windowtest

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"example.org/gatehouse/backend"
)

// shown reports whether a window with this title is on the display.
func shown(t *testing.T, title string) error {
	if list := command(t, "wmctrl", "-l"); !strings.Contains(list, title) {
		return fmt.Errorf("no window %q among:\n%s", title, list)
	}
	return nil
}

func gone(t *testing.T, title string) error {
	if shown(t, title) == nil {
		return errors.New("it is still there")
	}
	return nil
}

// answers asks the server of the window as the command line would.
func answers(data string) (backend.Running, error) {
	there, err := backend.FindRunning(data)
	if err != nil {
		return there, err
	}
	r, err := http.NewRequest(http.MethodGet, there.Admin+"/api/overview", nil)
	if err != nil {
		return there, err
	}
	r.Header.Set("Authorization", "Bearer "+there.Token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return there, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return there, fmt.Errorf("the overview answers %s", resp.Status)
	}
	return there, nil
}

// Closing the window leaves the server running, and says so once; starting the program again brings the window back; told
// to end, it ends in order.
func TestClosingTheWindowKeepsTheServer(t *testing.T) {
	data := t.TempDir()
	open(t, data, "GATEHOUSE_LISTEN=127.0.0.1:0")
	var there backend.Running
	eventually(t, "the server answers", func() (err error) {
		there, err = answers(data)
		return err
	})
	eventually(t, "the window is shown", func() error { return shown(t, "Gatehouse") })

	command(t, "wmctrl", "-c", "Gatehouse")
	eventually(t, "the window says that the server goes on", func() error { return shown(t, "Gatehouse keeps running") })
	command(t, "xdotool", "search", "--name", "Gatehouse keeps running", "windowactivate", "--sync")
	command(t, "xdotool", "key", "Return")
	eventually(t, "the window is hidden", func() error { return gone(t, "Gatehouse") })
	if _, err := answers(data); err != nil {
		t.Errorf("the server after the window was closed: %v", err)
	}

	again := exec.CommandContext(t.Context(), os.Getenv("GATEHOUSE_WINDOW"))
	again.Env = append(os.Environ(), "GATEHOUSE_DATA="+data, "GATEHOUSE_LISTEN=127.0.0.1:0")
	if out, err := again.CombinedOutput(); err == nil {
		t.Errorf("a second start opened a second window: %s", out)
	}
	eventually(t, "a second start brings the window back", func() error { return shown(t, "Gatehouse") })

	command(t, "wmctrl", "-c", "Gatehouse")
	eventually(t, "the second time it closes without a word", func() error { return gone(t, "Gatehouse") })

	must(t, "tell the program to end", syscall.Kill(there.PID, syscall.SIGTERM))
	eventually(t, "the server has left", func() error {
		if _, err := backend.FindRunning(data); err == nil {
			return errors.New("server.json is still there")
		}
		return nil
	})
}
