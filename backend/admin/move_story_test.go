package admin_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/sim"
)

// oldList is the list of twenty phones as an older management exports it, and as people send it on.
func oldList(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("../move/testdata/jamf.csv")
	must(t, err)
	plain := string(b)
	rows, err := csv.NewReader(strings.NewReader(plain)).ReadAll()
	must(t, err)
	again := func(separator rune) string {
		var out strings.Builder
		w := csv.NewWriter(&out)
		w.Comma = separator
		must(t, w.WriteAll(rows))
		return out.String()
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(again('\t'))
	must(t, err)
	latin, err := charmap.Windows1252.NewEncoder().String(again(';'))
	must(t, err)
	return map[string]string{"as it is": plain, "UTF-16 with tabs": wide, "Windows-1252 with semicolons": latin}
}

func (h *house) board() admin.Move {
	h.t.Helper()
	var m admin.Move
	h.want("GET", "/move", "", &m)
	return m
}

// named are the records by what the old management calls them: names of phones are not unique.
func named(m admin.Move) map[string]admin.MovePhone {
	all := map[string]admin.MovePhone{}
	for _, p := range m.Phones {
		all[p.Number] = p
	}
	return all
}

func ids(list ...admin.MovePhone) string {
	var all []string
	for _, p := range list {
		all = append(all, p.ID)
	}
	b, _ := json.Marshal(all) //nolint:errchkjson // strings
	return string(b)
}

// phoneOf is a phone of this model in somebody's hand.
func (h *house) phoneOf(model, name string, apple func(context.Context, string) error) *sim.Phone {
	h.t.Helper()
	var anchor admin.TrustAnchor
	h.want("GET", "/trust-anchor", "", &anchor)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(anchor.PEM))
	device, err := h.device.Issue()
	must(h.t, err)
	p := sim.NewPhone(sim.PhoneOptions{Roots: roots, Dial: sim.DialTo(h.PublicAddr()), Device: device, Model: model, Name: name, Push: h.push, AppleSignIn: apple})
	h.t.Cleanup(p.Close)
	return p
}

// Twenty phones of an old list, from the file to a hundred per cent and to the end, with phones that really enroll.
func TestMoveToAHundredPercent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		h.want("POST", "/people/import", file("mail;name\ncleo@example.com;Cleo Duarte\nlea.n@example.com;Lea Neumann\nmo@example.com;Mo Farouk\nq.roux@example.com;Quentin Roux\n"), nil)

		var first admin.MoveImported
		for name, content := range oldList(t) {
			first = admin.MoveImported{}
			h.want("POST", "/move/import?dry_run=true", file(content), &first)
			if first.Applied || first.New != 20 || first.Wrong != 0 || first.Profile != 16 || first.Nobody != 1 || first.Unsure != 1 || first.Undated != 0 {
				t.Errorf("%s, tried: %+v", name, first)
			}
			if len(first.Sample) != 5 || first.Match["email"] != "Email Address" || first.Match["number"] != "JSS Mobile Device ID" {
				t.Errorf("%s: columns %v, sample %v", name, first.Match, first.Sample)
			}
		}
		if m := h.board(); m.Begun {
			t.Error("a dry run began a move")
		}
		content := oldList(t)["as it is"]
		h.want("POST", "/move/import", file(content), &first)
		m := h.board()
		if m.Total != 20 || m.Moved != 0 || m.OldProfile != 16 || m.States["to_invite"] != 18 || m.States["no_person"] != 2 {
			t.Fatalf("board: %+v", m)
		}
		text := jsonOf(t, m)
		for _, kept := range []string{"SER00", "+49 170", "356938", "Sales"} {
			if strings.Contains(text, kept) {
				t.Errorf("%q of the old list was kept", kept)
			}
		}

		// The unsure ones, the one of nobody, and letters for all.
		p := named(m)
		h.want("POST", "/move/people", `{"ids":`+ids(p["113"])+`,"accept":true}`, nil)
		h.want("POST", "/move/settle", `{"ids":`+ids(p["120"])+`,"as":"left_out"}`, nil)
		h.refused("POST", "/move/letters", `{"ids":`+ids(p["101"])+`}`, admin.Invalid)
		h.want("PUT", "/move", `{"profile_name":"MDM Profile","deadline":"`+time.Now().AddDate(0, 0, 14).UTC().Format(time.RFC3339)+`"}`, nil)
		h.refused("POST", "/move/letters", `{"ids":["nobody"]}`, admin.NotFound)
		h.refused("POST", "/move/letters", `{"ids":`+ids(p["120"])+`}`, admin.NobodyKnown)
		m = h.board()
		var all []admin.MovePhone
		for _, one := range m.Phones {
			if one.State == "to_invite" {
				all = append(all, one)
			}
		}
		var out admin.MoveLetters
		h.want("POST", "/move/letters", `{"ids":`+ids(all...)+`,"dry_run":true}`, &out)
		if out.Missing != 13 || len(out.Letters) != 18 || len(out.CSV) != 0 || h.board().States["invited"] != 0 {
			t.Errorf("letters, tried: %d missing of %d", out.Missing, len(out.Letters))
		}
		out = admin.MoveLetters{}
		h.want("POST", "/move/letters", `{"ids":`+ids(all...)+`,"add_people":true}`, &out)
		if m = h.board(); len(out.Letters) != 18 || out.Missing != 0 || m.States["invited"] != 19 {
			t.Fatalf("%d letters, board %v", len(out.Letters), m.States)
		}
		if csv := string(out.CSV); !strings.HasPrefix(csv, "\uFEFFaddress,name,subject,body,code\n") && !strings.HasPrefix(csv, "\uFEFFaddress,name,subject,body,code\r\n") {
			t.Errorf("mail merge: %.80q", csv)
		}
		codes := map[string]string{anna: password}
		for _, l := range out.Letters {
			if l.Code != "" {
				codes[l.Person] = l.Code
			}
		}

		// One of them begins, and cannot go on; then all enroll.
		models := map[string]string{}
		rows, err := csv.NewReader(strings.NewReader(content)).ReadAll()
		must(t, err)
		for _, row := range rows[1:] {
			models[row[1]] = row[4]
		}
		refused := func(_ context.Context, account string) error { return errors.New(account + ": not now") }
		if err := h.phoneOf("iPhone15,4", "iPhone", refused).Enroll(t.Context(), "jörg@example.com", h.secret(codes, "jörg@example.com")); err == nil {
			t.Fatal("a phone enrolled although Apple refused the sign-in")
		}
		if got := named(h.board())["102"]; got.State != "trying" || got.Reason != "in_progress" || got.Attempt == "" {
			t.Errorf("somebody who cannot go on: %+v", got)
		}
		m = h.board()
		numbers := slices.Sorted(maps.Keys(named(m)))
		for i, number := range numbers {
			one := named(m)[number]
			if one.State == "left_out" {
				continue
			}
			phone := h.phoneOf(models[number], one.Name, nil)
			if err := phone.Enroll(t.Context(), one.Person, h.secret(codes, one.Person)); err != nil {
				t.Fatalf("%s (%s): %v", one.Person, one.Name, err)
			}
			_, err := phone.Poll(t.Context())
			must(t, err)
			if got := h.board(); got.Moved != i+1 {
				t.Fatalf("after %s: %d have moved, want %d: %+v", one.Person, got.Moved, i+1, named(got)[number])
			}
		}
		m = h.board()
		if !m.Done || m.Total != 19 || m.OldProfile != 0 {
			t.Errorf("in the end: %d of %d, done %v", m.Moved, m.Total, m.Done)
		}

		// The last step, looked at first, undone, done; then nothing stays.
		var removal admin.MoveRemoval
		h.want("POST", "/move/removals", `{"dry_run":true}`, &removal)
		if removal.Count != 19 || removal.Elsewhere != 19 || h.board().States["moved"] != 19 {
			t.Errorf("removal, tried: %+v", removal)
		}
		h.want("POST", "/move/removals", `{}`, &removal)
		h.want("POST", "/move/removals/"+removal.ID+"/undo", "", nil)
		if n := h.board().States["moved"]; n != 19 {
			t.Errorf("undone: %d", n)
		}
		h.refused("POST", "/move/removals/"+removal.ID+"/undo", "", admin.NothingToUndo)
		h.want("POST", "/move/removals", `{}`, &removal)
		if m = h.board(); m.States["removed"] != 19 || !m.Done {
			t.Errorf("removed: %+v", m.States)
		}
		list, _ := h.file("/move/export", `{"format":"csv","states":["removed"]}`)
		if lines := strings.Count(list, "\n"); lines != 20 || !strings.Contains(list, "108,'=cmd") {
			t.Errorf("what to delete there has %d lines:\n%s", lines, list)
		}
		h.want("DELETE", "/move", "", nil)
		if m = h.board(); m.Begun || len(m.Phones) != 0 {
			t.Errorf("closed: %+v", m)
		}
		var events admin.Events
		h.want("GET", "/events?newest=true&limit=1&kind=move.closed", "", &events)
		if len(events.Events) != 1 || events.Events[0].Params["moved"] != "19" {
			t.Errorf("the last event: %+v", events.Events)
		}
	})
}

// secret is what somebody signs in with. A code that was used is replaced by a new one, as an administrator would.
func (h *house) secret(codes map[string]string, person string) string {
	h.t.Helper()
	if code, ok := codes[person]; ok {
		if person != anna {
			delete(codes, person)
		}
		return code
	}
	var code admin.EnrollmentCode
	h.want("POST", "/people/"+person+"/code", "", &code)
	return code.Code
}

// Hostile lists change nothing, and say why in words that the screen has.
func TestHostileOldLists(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		for name, c := range map[string]struct {
			content string
			code    admin.Code
			field   string
		}{
			"zero bytes":             {"Display Name,Email Address\na\x00b,x\n", admin.Invalid, "file_encoding"},
			"a heading twice":        {"Display Name,Display Name\na,b\n", admin.Invalid, "twice"},
			"no column that we know": {"Color,Size\nred,7\n", admin.Invalid, "required"},
			"a line of 50 MB":        {strings.Repeat("x", 50<<20), admin.TooLarge, ""},
		} {
			body := `{"file":"` + base64.StdEncoding.EncodeToString([]byte(c.content)) + `"}`
			problem := h.refused("POST", "/move/import", body, c.code)
			if c.field != "" && (len(problem.Errors) != 1 || problem.Errors[0].Code != c.field) {
				t.Errorf("%s: got %+v, want %s", name, problem.Errors, c.field)
			}
			if c.field == "required" && problem.Errors[0].Params["headings"] != "Color\nSize" {
				t.Errorf("%s: whoever is to match columns has to see them: %+v", name, problem.Errors)
			}
		}
		if h.board().Begun {
			t.Error("a list that was refused began a move")
		}
		h.refused("PUT", "/move", `{"profile_name":"x"}`, admin.NoMove)
	})
}
