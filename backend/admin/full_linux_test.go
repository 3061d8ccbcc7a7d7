package admin_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"example.org/gatehouse/backend/admin"
)

// smallDisk is a folder on a disk of eight kilobytes.
func smallDisk(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=8k")
	if errors.Is(err, syscall.EPERM) {
		t.Skip("only root may mount a small disk to fill")
	}
	must(t, err)
	t.Cleanup(func() { must(t, syscall.Unmount(folder, syscall.MNT_DETACH)) })
	return folder
}

// A disk that fills up while a list is written is named as what it is; nothing of the list stays behind, and what was
// there before is as it was.
func TestExportToAFullDisk(t *testing.T) {
	folder := smallDisk(t)
	h := serve(t, "")
	h.setUp()
	must(t, h.phone().Enroll(t.Context(), anna, password))
	var list admin.Enrollments
	h.want("GET", "/enrollments", "", &list)
	h.want("PUT", "/enrollments/"+list.Enrollments[0].ID+"/remarks", `{"notes":"`+strings.Repeat("many words ", 360)+`"}`, nil)
	var now map[string]any
	h.want("GET", "/settings", "", &now)
	now["standing_export"] = map[string]any{"folder": folder, "every": "day", "format": "csv", "keep": 1}
	body, err := json.Marshal(now)
	must(t, err)
	h.want("PUT", "/settings", string(body), nil)
	before := []string{"phones-2020-01-01.csv"}
	must(t, os.WriteFile(filepath.Join(folder, before[0]), []byte("yesterday"), 0o600))

	if found := h.API().WriteStanding(t.Context()); len(found) != 1 || found[0].Code != "standing_export_failed_full" {
		t.Errorf("by the clock: %+v", found)
	}
	h.refused("POST", "/enrollments/standing-export", "", admin.DiskFull)
	t.Setenv("TMPDIR", folder)
	h.refused("POST", "/enrollments/export", `{"everything":true,"format":"csv"}`, admin.DiskFull)
	if left := names(t, folder); !slices.Equal(left, before) {
		t.Errorf("in the folder: %v, want %v", left, before)
	}

	must(t, os.Unsetenv("TMPDIR"))
	if text, _ := h.file("/enrollments/export", `{"everything":true,"format":"csv"}`); !strings.Contains(text, "many words") {
		t.Errorf("with room again: %q", text)
	}
}
