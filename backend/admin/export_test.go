package admin_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"example.org/gatehouse/backend/admin"
)

// file asks for a file.
func (h *house) file(path, body string) (string, http.Header) {
	h.t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(admin.AsOperator(h.t.Context()), http.MethodPost, "/api"+path, strings.NewReader(body))
	h.door.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		h.t.Fatalf("%s %s: %d %s", path, body, w.Code, w.Body)
	}
	return w.Body.String(), w.Header()
}

func TestExportIsWhatIsOnTheScreen(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		p := h.phone()
		must(t, p.Enroll(t.Context(), anna, password))
		var list admin.Enrollments
		h.want("GET", "/enrollments", "", &list)
		id := list.Enrollments[0].ID
		h.want("PUT", "/enrollments/"+id+"/remarks", `{"nickname":"=HYPERLINK(1)","tags":["Büro"]}`, nil)

		// For a program: names, codes, RFC 3339.
		text, header := h.file("/enrollments/export", `{"everything":true,"format":"csv"}`)
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		must(t, err)
		at := func(name string) string { return rows[1][slices.Index(rows[0], name)] }
		if len(rows) != 2 || at("person") != anna || at("state") != "enrolled" || at("nickname") != "'=HYPERLINK(1)" || at("tags") != "Büro" || !strings.HasSuffix(at("enrolled_at"), "Z") {
			t.Errorf("csv:\n%s", text)
		}
		if !strings.Contains(header.Get("Content-Disposition"), ".csv") || header.Get("Content-Length") == "" {
			t.Errorf("header: %v", header)
		}
		var columns admin.EnrollmentColumns
		h.want("GET", "/enrollments/columns", "", &columns)
		if len(rows[0]) != len(columns.Columns) {
			t.Errorf("%d columns in the file, %d there are", len(rows[0]), len(columns.Columns))
		}

		// For a person with a German Excel: exactly the columns of the screen, in its words.
		text, _ = h.file("/enrollments/export", `{"view":{"search":"buro"},"format":"csv","local":true,"language":"de-AT","time_zone":"Europe/Vienna",
			"columns":[{"name":"person","title":"Person"},{"name":"state","title":"Zustand"},{"name":"os_version","title":"System"},{"name":"enrolled_at","title":"Angemeldet; seit"}],"words":{"enrolled":"Angemeldet"}}`)
		lines := strings.Split(strings.TrimPrefix(text, "\uFEFF"), "\r\n")
		if !strings.HasPrefix(text, "\uFEFF") || lines[0] != `Person;Zustand;System;"Angemeldet; seit"` || !strings.HasPrefix(lines[1], anna+";Angemeldet;iOS ") ||
			strings.Count(lines[1], ".") < 3 {
			t.Errorf("German csv:\n%s", text)
		}
		text, _ = h.file("/enrollments/export", `{"ids":["`+id+`"],"format":"html","language":"de","heading":"<Geräte>"}`)
		if !strings.Contains(text, `<html lang="de" dir="ltr">`) || !strings.Contains(text, "&lt;Geräte&gt;") || !strings.Contains(text, anna) || strings.Contains(text, "<script") {
			t.Errorf("page:\n%s", text)
		}
		text, _ = h.file("/enrollments/export", `{"view":{"filter":["state:is:archived"]},"format":"json"}`)
		var none []any
		must(t, json.Unmarshal([]byte(text), &none))
		if len(none) != 0 {
			t.Errorf("nobody is archived: %s", text)
		}
		text, _ = h.file("/enrollments/export", `{"everything":true,"format":"xlsx"}`)
		if !strings.HasPrefix(text, "PK") {
			t.Error("xlsx is no archive")
		}
		h.refused("POST", "/enrollments/export", `{"format":"csv"}`, admin.Invalid)
		h.refused("POST", "/enrollments/export", `{"everything":true,"format":"csv","columns":[{"name":"serial"}]}`, admin.Invalid)
		h.refused("POST", "/enrollments/export", `{"everything":true,"format":"csv","local":true,"time_zone":"Mars/North"}`, admin.Invalid)

		var events admin.Events
		h.want("GET", "/events?kind=list.exported", "", &events)
		if len(events.Events) != 5 || events.Events[0].Params["count"] != "1" || events.Events[0].Actor != "admin" {
			t.Errorf("the trail: %+v", events.Events)
		}
	})
}

// F5: the phone's owner gets all that is kept, in words, as a file; and it is on the record that somebody gave it away.
func TestPrivacyPanelIsAFileForItsPerson(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		p := h.phone()
		must(t, p.Enroll(t.Context(), anna, password))
		var list admin.Enrollments
		h.want("GET", "/enrollments", "", &list)
		id := list.Enrollments[0].ID
		h.want("PUT", "/enrollments/"+id+"/remarks", `{"notes":"=1+1"}`, nil)
		panel := func() (p admin.Privacy) {
			h.want("GET", "/enrollments/"+id+"/privacy", "", &p)
			return p
		}
		var text string
		for before := panel(); ; before = panel() { // the phone may tell something meanwhile
			text, _ = h.file("/enrollments/"+id+"/privacy/export", `{"format":"csv","language":"de","time_zone":"Europe/Berlin",
				"words":{"name":"Was","person":"Person","never":"Nie","never.location":"Wo das Gerät ist","notes":"Notizen"}}`)
			if len(panel().Held) != len(before.Held) {
				continue
			}
			reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\uFEFF")))
			reader.Comma = ';'
			rows, err := reader.ReadAll()
			must(t, err)
			if len(rows) != 1+len(before.Held)+len(before.Never) {
				t.Errorf("%d rows for %d facts and %d things that are never kept", len(rows)-1, len(before.Held), len(before.Never))
			}
			break
		}
		for _, want := range []string{"Person;" + anna, "Notizen;'=1+1", "Nie;Wo das Gerät ist"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in the file:\n%s", want, text)
			}
		}
		text, _ = h.file("/enrollments/"+id+"/privacy/export", `{"format":"html","language":"ar","heading":"<Anna>"}`)
		if !strings.Contains(text, `dir="rtl"`) || !strings.Contains(text, "&lt;Anna&gt;") || !strings.Contains(text, anna) {
			t.Errorf("page:\n%s", text)
		}
		h.refused("POST", "/enrollments/nobody/privacy/export", `{"format":"html"}`, admin.NotFound)
		h.refused("POST", "/enrollments/"+id+"/privacy/export", `{"format":"html","time_zone":"Mars/North"}`, admin.Invalid)
		var events admin.Events
		h.want("GET", "/events?kind=privacy.exported", "", &events)
		if len(events.Events) < 2 || events.Events[0].Enrollment != id {
			t.Errorf("the trail: %+v", events.Events)
		}
	})
}

// The trail leaves the house as somebody looks at it, and that it did is part of it.
func TestTrailIsAFile(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		p := h.phone()
		must(t, p.Enroll(t.Context(), anna, password))
		text, header := h.file("/events/export", `{"format":"csv","kind":"enrollment.","words":{"actor":"Wer"},"local":true,"language":"de"}`)
		lines := strings.Split(strings.TrimSpace(strings.TrimPrefix(text, "\uFEFF")), "\r\n")
		if len(lines) < 3 || !strings.HasPrefix(lines[0], "seq;at;kind;Wer;") || !strings.Contains(header.Get("Content-Disposition"), "events-") {
			t.Errorf("%v\n%s", header, text)
		}
		for _, line := range lines[1:] {
			if !strings.Contains(line, ";enrollment.") {
				t.Errorf("%s is no event of an enrollment", line)
			}
		}
		text, _ = h.file("/events/export", `{"format":"json","text":"ANNA@"}`)
		var all []map[string]any
		must(t, json.Unmarshal([]byte(text), &all))
		if len(all) == 0 {
			t.Error("nothing happened to anna")
		}
		h.refused("POST", "/events/export", `{"format":"csv","since":"yesterday"}`, admin.Invalid)
		var events admin.Events
		h.want("GET", "/events?kind=trail.exported", "", &events)
		if len(events.Events) != 2 || events.Events[0].Params["format"] != "csv" {
			t.Errorf("the trail: %+v", events.Events)
		}
	})
}
