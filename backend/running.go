package backend

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Running is what a serving process tells the others on this computer, in DATA/server.json.
type Running struct {
	PID    int    `json:"pid"`
	Admin  string `json:"admin"` // "http://127.0.0.1:8444"
	Token  string `json:"token"`
	Public string `json:"public"` // "127.0.0.1:8443"; empty until the set-up is done
}

// String hides the token.
func (r Running) String() string {
	return fmt.Sprintf("process %d, screens at %s, phones at %s", r.PID, r.Admin, r.Public)
}

func runningFile(data string) string { return filepath.Join(data, "server.json") }

// FindRunning reads where the process that serves a data folder can be reached; fs.ErrNotExist means that none says so.
func FindRunning(data string) (Running, error) {
	var r Running
	b, err := os.ReadFile(runningFile(data))
	if err != nil {
		return r, fmt.Errorf("find the running server: %w", err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("find the running server: %w", err)
	}
	return r, nil
}

// announce writes the file so that it is never seen half written, and by nobody else.
func announce(data string, r Running) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(data, "server-*.json") // 0600
	if err != nil {
		return fmt.Errorf("say where the server is: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), runningFile(data))
	}
	if err != nil {
		return fmt.Errorf("say where the server is: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// retract removes the file.
func retract(data string) error {
	err := os.Remove(runningFile(data))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// DefaultData is the platform's place for the data of an application.
func DefaultData() (string, error) {
	switch runtime.GOOS {
	case "windows":
		if d := os.Getenv("LocalAppData"); d != "" {
			return filepath.Join(d, "Gatehouse"), nil
		}
	case "darwin":
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, "Library", "Application Support", "Gatehouse"), nil
		}
	default:
		if d := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(d) {
			return filepath.Join(d, "gatehouse"), nil
		}
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, ".local", "share", "gatehouse"), nil
		}
	}
	return "", errors.New("no place for application data is known here: name a data folder")
}
