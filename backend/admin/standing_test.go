package admin_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.org/gatehouse/backend/admin"
)

// The list appears in the folder, once a day; old files of ours go, those of others stay, and a folder that cannot be
// written is named.
func TestStandingExport(t *testing.T) {
	t.Parallel()
	h := serve(t, "")
	h.setUp()
	folder := filepath.Join(t.TempDir(), "lists")
	set := func(every string, keep int) {
		t.Helper()
		var now map[string]any
		h.want("GET", "/settings", "", &now)
		now["standing_export"] = map[string]any{"folder": folder, "every": every, "format": "csv", "keep": keep}
		body, err := json.Marshal(now)
		must(t, err)
		h.want("PUT", "/settings", string(body), nil)
	}
	if found := h.API().WriteStanding(t.Context()); len(found) != 0 {
		t.Errorf("nobody asked for a file: %+v", found)
	}
	set("day", 2)
	if found := h.API().WriteStanding(t.Context()); len(found) != 1 || found[0].Code != "standing_export_failed_missing" || found[0].Params["folder"] != folder {
		t.Errorf("no folder: %+v", found)
	}
	must(t, os.Mkdir(folder, 0o700))
	for _, name := range []string{"phones-2020-01-01.csv", "phones-2020-01-02.csv", "phones-mine.csv", "letter.txt"} {
		must(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
	}
	for range 2 {
		if found := h.API().WriteStanding(t.Context()); len(found) != 0 {
			t.Errorf("written: %+v", found)
		}
	}
	files := names(t, folder)
	if len(files) != 4 || files[0] != "letter.txt" || files[1] != "phones-2020-01-02.csv" || files[3] != "phones-mine.csv" {
		t.Fatalf("files: %v", files)
	}
	text, err := os.ReadFile(filepath.Join(folder, files[2]))
	must(t, err)
	if !strings.HasPrefix(string(text), "\uFEFFname,") {
		t.Errorf("the file: %q", text)
	}
	var events admin.Events
	h.want("GET", "/events?kind=list.exported", "", &events)
	if len(events.Events) != 1 || events.Events[0].Actor != "system" {
		t.Errorf("the trail: %+v", events.Events)
	}

	// By hand it is written at once, and says what is wrong with the folder.
	var written admin.Written
	h.want("POST", "/enrollments/standing-export", "", &written)
	if written.File != filepath.Join(folder, files[2]) || len(names(t, folder)) != 4 {
		t.Errorf("written by hand: %+v, %v", written, names(t, folder))
	}
	must(t, os.Remove(filepath.Join(folder, files[2])))
	asNobody(t, func() {
		if found := h.API().WriteStanding(t.Context()); len(found) != 1 || found[0].Code != "standing_export_failed_forbidden" {
			t.Errorf("a forbidden folder: %+v", found)
		}
		p := h.refused("POST", "/enrollments/standing-export", "", admin.Invalid)
		if len(p.Errors) != 1 || p.Errors[0].Code != "folder_forbidden" {
			t.Errorf("a forbidden folder by hand: %+v", p)
		}
	})
	must(t, os.RemoveAll(folder))
	if p := h.refused("POST", "/enrollments/standing-export", "", admin.Invalid); len(p.Errors) != 1 || p.Errors[0].Code != "folder_missing" {
		t.Errorf("a folder that is gone: %+v", p)
	}
}

func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	var files []string
	for _, e := range entries {
		files = append(files, e.Name())
	}
	slices.Sort(files)
	return files
}
