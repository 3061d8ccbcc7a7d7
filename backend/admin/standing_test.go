package admin_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
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
	must(t, os.Remove(filepath.Join(folder, files[2])))
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		return // who may do everything is forbidden nothing
	}
	must(t, os.Chmod(folder, 0o500)) //nolint:gosec // a folder that can be read and not written
	if found := h.API().WriteStanding(t.Context()); len(found) != 1 || found[0].Code != "standing_export_failed_forbidden" {
		t.Errorf("a forbidden folder: %+v", found)
	}
	must(t, os.Chmod(folder, 0o700)) //nolint:gosec // ours again
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
