package mdm

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"howett.net/plist"
)

func seed(f *testing.F, folder string) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.plist"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
}

// FuzzCheckIn: whatever comes is either refused or has an id that can be a key, and values of a decent size.
func FuzzCheckIn(f *testing.F) {
	seed(f, "checkin")
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := decodeCheckIn(body)
		if err != nil {
			insistOnRefusal(t, err)
			return
		}
		if m.EnrollmentID == "" || len(m.EnrollmentID) > 64 || m.UDID != "" || len(m.Token) > tokenLimit || len(m.ProductName) > 64 {
			t.Errorf("taken: %+v", m)
		}
	})
}

// FuzzResult: what is taken can be written again, and what is written holds nothing that was not understood.
func FuzzResult(f *testing.F) {
	seed(f, "result")
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := decodeResult(body)
		if err != nil {
			insistOnRefusal(t, err)
			return
		}
		if s := text(m.reason()); len(s) > 204 || bytes.ContainsRune([]byte(s), 0) {
			t.Errorf("reason %q", s)
		}
		if q := m.QueryResponses; q != nil {
			d := q.device(time.Time{})
			for _, n := range []*int64{d.Capacity, d.Available, d.Battery} {
				if n != nil && (*n < 0 || *n > math.MaxInt64/2) {
					t.Errorf("a number of %d", *n)
				}
			}
		}
		if _, err := plist.Marshal(m, plist.XMLFormat); err != nil {
			t.Errorf("cannot be written again: %v", err)
		}
	})
}

func insistOnRefusal(t *testing.T, err error) {
	var r *refusal
	if !errors.As(err, &r) || r.reason == "" {
		t.Errorf("an unreadable message is %v, want a refusal with a reason", err)
	}
}
