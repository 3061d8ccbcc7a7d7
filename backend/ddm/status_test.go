package ddm_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/ddm"
	"example.org/gatehouse/backend/mdm"
)

func fullReport(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("testdata/status.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// known is what is stored about the phone E-1.
func known(t testing.TB, d *db.DB, l *ddm.Library) (items map[string]any, s ddm.Status) {
	t.Helper()
	err := d.View(t.Context(), func(tx *db.Tx) (err error) {
		s, err = l.Status(tx, "E-1")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Report != nil {
		if err := json.Unmarshal(s.Report, &items); err != nil {
			t.Fatal(err)
		}
	}
	return items, s
}

func TestStatusIsMergedUntilTheNextFullReport(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l, _ := open(t, d)
		var told []mdm.Facts
		l.OnFacts(func(_ *db.Tx, id string, f mdm.Facts) error {
			if id != "E-1" {
				t.Errorf("told about %s", id)
			}
			told = append(told, f)
			return nil
		})
		report := func(data string) map[string]any {
			t.Helper()
			if status, body := ask(t, d, l, "status", data); status != http.StatusOK || len(body) != 0 {
				t.Fatalf("got %d %q, want an empty 200", status, body)
			}
			items, _ := known(t, d, l)
			return items
		}

		report(fullReport(t))
		items := report(`{"StatusItems":{
			"device":{"operating-system":{"version":"26.2"}},
			"passcode":{"is-compliant":false},
			"management":{"declarations":{"configurations":[
				{"identifier":"gatehouse.status","_removed":true},
				{"identifier":"other","active":true}]}}},
			"Errors":[]}`)
		device, _ := items["device"].(map[string]any)
		want := map[string]any{
			"model":            map[string]any{"family": "iPhone", "identifier": "iPhone17,2", "marketing-name": "iPhone 16 Pro Max"},
			"operating-system": map[string]any{"family": "iOS", "version": "26.2", "build-version": "23B85"},
		}
		if diff := cmp.Diff(want, device); diff != "" {
			t.Errorf("device after a partial report (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]any{"is-present": true, "is-compliant": false}, items["passcode"]); diff != "" {
			t.Errorf("passcode (-want +got):\n%s", diff)
		}
		declared, _ := items["management"].(map[string]any)["declarations"].(map[string]any)
		if diff := cmp.Diff([]any{map[string]any{"identifier": "other", "active": true}}, declared["configurations"]); diff != "" {
			t.Errorf("configurations (-want +got):\n%s", diff)
		}
		yes, no := true, false
		facts := []mdm.Facts{
			{ProductName: "iPhone17,2", Model: "iPhone 16 Pro Max", OSVersion: "26.1", Build: "23B85", PasscodePresent: &yes, PasscodeCompliant: &yes},
			{OSVersion: "26.2", PasscodeCompliant: &no},
		}
		if diff := cmp.Diff(facts, told); diff != "" {
			t.Errorf("facts (-want +got):\n%s", diff)
		}

		items = report(`{"StatusItems":{"passcode":{"is-present":true}},"Errors":[],"FullReport":true}`)
		if diff := cmp.Diff(map[string]any{"passcode": map[string]any{"is-present": true}}, items); diff != "" {
			t.Errorf("after a full report (-want +got):\n%s", diff)
		}
	})
}

// brokenReports are refused.
var brokenReports = map[string]string{
	"nothing":     "",
	"not JSON":    "bplist00",
	"no items":    `{"Errors":[]}`,
	"wrong type":  `{"StatusItems":[]}`,
	"deep":        `{"StatusItems":{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}}`,
	"very deep":   strings.Repeat("[", 100_000),
	"too large":   `{"StatusItems":{"a":"` + strings.Repeat("x", 300<<10) + `"}}`,
	"quoted deep": `{"StatusItems":{"a":"` + strings.Repeat("[", 40) + `"`,
}

func TestBrokenStatusChangesNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	l, _ := open(t, d)
	ask(t, d, l, "status", fullReport(t))
	before, _ := known(t, d, l)
	for name, data := range brokenReports {
		if status, _ := ask(t, d, l, "status", data); status != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", name, status)
		}
	}
	after, _ := known(t, d, l)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("a broken report changed what is known:\n%s", diff)
	}
}

func TestStoredStatusIsBounded(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	l, _ := open(t, d)
	for _, name := range []string{"a", "b", "c", "d"} {
		ask(t, d, l, "status", `{"StatusItems":{"`+name+`":"`+strings.Repeat("x", 200<<10)+`"}}`)
	}
	if _, s := known(t, d, l); len(s.Report) > 512<<10 {
		t.Errorf("stored %d bytes", len(s.Report))
	}
}

func TestStatusGoesWithItsEnrollment(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l, _ := open(t, d)
		ask(t, d, l, "status", fullReport(t))
		if _, s := known(t, d, l); s.At.IsZero() || !strings.Contains(string(s.Errors), "serial-number") {
			t.Fatalf("got %+v, want a time and the phone's errors", s)
		}
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`DELETE FROM enrollments WHERE id = 'E-1'`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, s := known(t, d, l); s.Report != nil {
			t.Errorf("still there: %s", s.Report)
		}
	})
}

func FuzzStatus(f *testing.F) {
	f.Add(fullReport(f))
	for _, data := range brokenReports {
		f.Add(data)
	}
	f.Add(`{"StatusItems":{"a":[{"identifier":"x"},{"identifier":"x","_removed":true},7]}}`)
	d := dbtest.Open(f)
	l, _ := open(f, d)
	f.Fuzz(func(t *testing.T, data string) {
		if status, _ := ask(t, d, l, "status", data); status != http.StatusOK && status != http.StatusBadRequest {
			t.Fatalf("got %d", status)
		}
		known(t, d, l) // what is stored can be read
	})
}

func TestForgottenStatusIsGone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l, _ := open(t, d)
		ask(t, d, l, "status", fullReport(t))
		if err := d.Update(t.Context(), func(tx *db.Tx) error { return l.Forget(tx, "E-1") }); err != nil {
			t.Fatal(err)
		}
		if _, s := known(t, d, l); s.Report != nil {
			t.Errorf("still there: %s", s.Report)
		}
	})
}
