//go:build linux && e2e

package windowtest

import (
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"example.org/gatehouse/app/key"
	"example.org/gatehouse/backend"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/sim"
)

// A long list is drawn, scrolled and searched in the window. How long the frames took is told, and held only on a computer
// that does nothing else:
//
//	GATEHOUSE_ROWS=100000 go test -tags e2e -run LongList -v ./app/windowtest
func TestLongListInTheWindow(t *testing.T) {
	rows, measured := 10_000, false
	if wanted := os.Getenv("GATEHOUSE_ROWS"); wanted != "" {
		n, err := strconv.Atoi(wanted)
		must(t, "read GATEHOUSE_ROWS", err)
		rows, measured = n, true
	}
	data := t.TempDir()
	crowded(t, data, rows)
	w := open(t, data, "GATEHOUSE_LISTEN=127.0.0.1:0")
	w.click(`//nav//a[starts-with(normalize-space(), "Phones")]`)
	w.sees("iPhone")
	w.picture("phones-many")

	const scroll = `
		const done = arguments[0]
		let pane = document.querySelector('[role=rowgroup]')
		while (pane.scrollHeight <= pane.clientHeight + 10) pane = pane.parentElement
		const frames = []
		let before, i = 0
		const step = (now) => {
			if (i > 10) frames.push(now - before)
			before = now
			if (i++ === 400) {
				frames.sort((a, b) => a - b)
				return done([frames[frames.length >> 1], frames[Math.floor(frames.length * 0.99)], frames.at(-1), pane.scrollHeight])
			}
			pane.scrollTop = i < 300 ? pane.scrollTop + 120 : (pane.scrollHeight * ((i * 37) % 100)) / 100
			requestAnimationFrame(step)
		}
		requestAnimationFrame(step)`
	var frames []float64
	must(t, "scroll", w.call("POST", "/execute/async", map[string]any{"script": scroll, "args": []any{}}, &frames))
	t.Logf("%d rows: a frame took %.0f ms, one of a hundred %.0f, the longest %.0f", rows, frames[0], frames[1], frames[2])
	if measured && frames[2] > 50 {
		t.Errorf("a frame took %.0f ms, at most 50 are promised", frames[2])
	}
	if frames[3] < float64(rows)*20 {
		t.Errorf("%d rows are %.0f px high", rows, frames[3])
	}
	w.fill(`[role="searchbox"]`, "muller")
	w.sees("Tobias Müller")
	w.picture("phones-many-found")
}

// crowded fills a data folder with phones that never were.
func crowded(t *testing.T, data string, rows int) {
	t.Helper()
	k, err := key.Open(data, false)
	must(t, "make the key", err)
	b, err := backend.Open(t.Context(), backend.Config{
		Data: data, Listen: "127.0.0.1:0", Key: k.Bytes(), Log: slog.New(slog.DiscardHandler), Screens: os.DirFS("."),
	})
	must(t, "open a server", err)
	now := settings.Defaults()
	now.Organization = settings.Organization{Name: "Nordlicht GmbH", ShortName: "Nordlicht"}
	now.URL, now.Domains = "https://mdm.example.org:8443", []string{"example.org"}
	must(t, "set the server up", b.Create(t.Context(), now))
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a seed makes the same list again
	for some := range slices.Chunk(sim.Register(1, "example.org", rows), 1000) {
		var phones []mdm.Enrollment
		for _, e := range some {
			seen := b.API().DB.Now().Add(-time.Duration(random.IntN(60*24)) * time.Hour)
			phones = append(phones, mdm.Enrollment{
				ID: "E-" + e.Identifier, Person: e.Identifier, PersonName: e.Name, ManagedAccount: e.Identifier, Stage: mdm.StageEnrolled,
				AuthenticatedAt: seen.AddDate(0, -3, 0), EnrolledAt: seen.AddDate(0, -3, 0), LastSeenAt: seen, IdentityExpiresAt: seen.AddDate(2, 0, 0),
				Device: mdm.Device{ProductName: e.Product, Name: "iPhone", OSVersion: e.Version, Build: e.Build, InformationAt: seen},
			})
		}
		must(t, "imagine phones", b.API().DB.Update(t.Context(), func(tx *db.Tx) error {
			for _, e := range phones {
				if err := mdm.Imagine(tx, "topic", e); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	must(t, "close the server", b.Close())
}
