package app

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
)

// memory is what the window remembers until it opens again, in the file window.json of the data folder.
type memory struct {
	path string
	log  *slog.Logger

	mu sync.Mutex
	at look // guarded by mu
}

// look is how the window was when we last saw it.
type look struct {
	Width     int    `json:"width"`
	Height    int    `json:"height"`
	Maximised bool   `json:"maximised"`
	Dark      bool   `json:"dark"`
	Language  string `json:"language"`
	// Told: the person knows that closing the window does not stop the server.
	Told bool `json:"told"`
}

// recall reads what was remembered. A file that cannot be read is as good as none.
func recall(data string, log *slog.Logger) *memory {
	m := &memory{path: filepath.Join(data, "window.json"), log: log, at: look{Width: 1280, Height: 800, Language: "en"}}
	text, err := os.ReadFile(m.path)
	if err == nil {
		err = json.Unmarshal(text, &m.at)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("what the window remembered is lost", "err", err)
	}
	m.at.Width, m.at.Height = max(m.at.Width, minWidth), max(m.at.Height, minHeight)
	return m
}

func (m *memory) look() look {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at
}

// change remembers what fn does to the look.
func (m *memory) change(fn func(*look)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.at
	fn(&m.at)
	if m.at == before {
		return
	}
	text, err := json.MarshalIndent(m.at, "", "  ")
	if err == nil {
		err = os.WriteFile(m.path, append(text, '\n'), 0o600)
	}
	if err != nil {
		m.log.Warn("remember the window", "err", err)
	}
}
