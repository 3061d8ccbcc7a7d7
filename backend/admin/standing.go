package admin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/export"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/settings"
)

// standingFailed begins the findings that the list of phones was not written to the folder of the settings.
const standingFailed = "standing_export_failed"

// standing writes the list of phones to the folder of the settings, if a day or a week has passed since the last file, and
// removes the oldest of ours. The files themselves say when that was: a folder that was emptied gets a new one.
func (a *API) standing(ctx context.Context, r Rooms) error {
	now, err := a.Config.Settings.Get(ctx)
	if err != nil || now.StandingExport.Folder == "" {
		return err
	}
	s := now.StandingExport
	files, err := standingFiles(s)
	if err != nil {
		return err
	}
	today := "phones-" + a.DB.Now().Format(time.DateOnly) + "." + s.Format
	every := 1
	if s.Every == "week" {
		every = 7
	}
	due := "phones-" + a.DB.Now().AddDate(0, 0, 1-every).Format(time.DateOnly) + "." + s.Format
	if len(files) > 0 && files[len(files)-1] >= due {
		return nil
	}
	_, err = a.writeToday(event.WithActor(ctx, "system"), r, now, files, today)
	return err
}

// writeToday writes the file of today, and removes the oldest of those that are too many.
func (a *API) writeToday(ctx context.Context, r Rooms, now settings.Settings, files []string, today string) (count int, err error) {
	s := now.StandingExport
	count, err = a.writeStanding(ctx, r, now, filepath.Join(s.Folder, today))
	if err != nil {
		return 0, err
	}
	if !slices.Contains(files, today) {
		files = append(files, today)
	}
	for _, old := range files[:max(0, len(files)-s.Keep)] {
		if err := os.Remove(filepath.Join(s.Folder, old)); err != nil {
			return 0, err
		}
	}
	return count, a.DB.Update(ctx, func(tx *db.Tx) error {
		return a.Config.Events.Add(tx, event.Event{Kind: Exported, Params: map[string]string{"format": s.Format, "count": fmt.Sprint(count)}})
	})
}

// Written is a list that was written to the folder of the settings.
type Written struct {
	File  string `json:"file" doc:"its whole path"`
	Count int    `json:"count" doc:"how many phones"`
}

// WriteList writes the list of phones to the folder of the settings now, whether or not it is due: whoever sets the
// folder sees at once whether it can be written.
func (a *API) WriteList(ctx context.Context, _ *None) (*Written, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	now, err := a.Config.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	s := now.StandingExport
	if s.Folder == "" {
		return nil, fieldError("standing_export.folder", "required", errors.New("no folder is set"))
	}
	today := "phones-" + a.DB.Now().Format(time.DateOnly) + "." + s.Format
	files, err := standingFiles(s)
	view := &Written{File: filepath.Join(s.Folder, today)}
	if err == nil {
		view.Count, err = a.writeToday(ctx, r, now, files, today)
	}
	a.stood(ctx, err)
	switch why := unwritten(err); {
	case err == nil:
		return view, nil
	case why == "full":
		return nil, &Error{Code: DiskFull, err: err}
	case why != "other":
		return nil, fieldError("standing_export.folder", "folder_"+why, err)
	}
	return nil, err
}

// unwritten says why a file could not be written.
func unwritten(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "missing"
	case errors.Is(err, fs.ErrPermission):
		return "forbidden"
	case isFull(err):
		return "full"
	}
	return "other"
}

// standingFiles are our files in the folder, by day.
func standingFiles(s settings.StandingExport) ([]string, error) {
	entries, err := os.ReadDir(s.Folder)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		day, ok := strings.CutPrefix(strings.TrimSuffix(e.Name(), "."+s.Format), "phones-")
		if _, err := time.Parse(time.DateOnly, day); ok && err == nil && !e.IsDir() && strings.HasSuffix(e.Name(), "."+s.Format) {
			files = append(files, e.Name())
		}
	}
	slices.Sort(files)
	return files, nil
}

// writeStanding writes all phones under another name first, so that nobody ever reads half a file.
func (a *API) writeStanding(ctx context.Context, r Rooms, now settings.Settings, path string) (count int, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".phones-*")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	in := &ExportIn{}
	in.Body.Format = now.StandingExport.Format
	columns, table, err := a.exportTable(ctx, in, export.Format(in.Body.Format))
	if err == nil {
		table.Rows = phoneRows(ctx, r.MDM, mdm.ListQuery{}, nil, columns, nil, &count)
		err = export.Write(f, export.Format(in.Body.Format), table, export.Options{BOM: true, Language: now.Language})
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, err
	}
	return count, os.Rename(f.Name(), path)
}

// stood remembers how the standing export went, for the list of findings.
func (a *API) stood(ctx context.Context, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.unwritten != nil
	a.unwritten = err
	if err != nil && !known && ctx.Err() == nil {
		a.Log.ErrorContext(ctx, "standing export not written", "err", err)
	}
}

// standingFinding says why the list was not written, in the words of the settings.
func (a *API) standingFinding(ctx context.Context) []Finding {
	a.mu.RLock()
	err := a.unwritten
	a.mu.RUnlock()
	now, settingsErr := a.Config.Settings.Get(ctx)
	if err == nil || settingsErr != nil || now.StandingExport.Folder == "" {
		return nil
	}
	return []Finding{finding(event.Finding{
		Code: standingFailed + "_" + unwritten(err), Level: event.Attention, Params: map[string]string{"folder": now.StandingExport.Folder},
	})}
}
