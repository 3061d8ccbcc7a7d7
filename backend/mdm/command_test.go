package mdm_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
)

// states maps what a phone was asked to how far it has come.
func (p *phone) states() map[string]mdm.CommandState {
	p.h.t.Helper()
	list, err := p.h.server.Commands(p.h.t.Context(), p.id)
	if err != nil {
		p.h.t.Fatal(err)
	}
	states := map[string]mdm.CommandState{}
	for _, c := range list {
		states[c.RequestType] = c.State
	}
	return states
}

func TestDeviceTellsAboutItself(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		information := p.idle()
		queries, _ := information.Command["Queries"].([]any)
		if !slices.Contains(queries, any("OSVersion")) || slices.Contains(queries, any("SerialNumber")) {
			t.Errorf("queries %v", queries)
		}
		security := p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": information.CommandUUID, "QueryResponses": dict{
			"DeviceName": "Annas iPhone", "OSVersion": "26.2", "BuildVersion": "23C54", "ProductName": "iPhone17,2", "ModelName": "iPhone",
			"DeviceCapacity": 256.0, "AvailableDeviceCapacity": 100.5, "BatteryLevel": 0.83,
			"SerialNumber": "C39SECRET", "IMEI": "35-209900-176148-1",
		}}))
		p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": security.CommandUUID, "SecurityInfo": dict{
			"PasscodeCompliant": true, "HardwareEncryptionCaps": 3, "ManagementStatus": dict{"IsUserEnrollment": true}, "PasscodePresent": true,
		}}))
		d := p.get().Device
		if d.Name != "Annas iPhone" || d.OSVersion != "26.2" || d.Model != "iPhone 16 Pro Max" || *d.Battery != 83 || *d.Capacity != 256<<30 || d.InformationAt.IsZero() {
			t.Errorf("stored %+v", d)
		}
		if d.PasscodeCompliant == nil || !*d.PasscodeCompliant || *d.Encryption != 3 || !*d.UserEnrollment || d.PasscodePresent != nil {
			t.Errorf("stored %+v", d)
		}
		h.nowhere("C39SECRET")
		h.nowhere("35-209900-176148-1")
	})
}

// nowhere looks for something that must not have been stored, in every table that holds what phones say.
func (h *house) nowhere(secret string) {
	h.t.Helper()
	for _, query := range []string{
		`SELECT COUNT(*) FROM devices WHERE name LIKE $1 OR model_number LIKE $1`,
		`SELECT COUNT(*) FROM listed WHERE search LIKE $1 OR by_name LIKE $1`,
		`SELECT COUNT(*) FROM managed_apps WHERE identifier LIKE $1 OR name LIKE $1`,
		`SELECT COUNT(*) FROM events WHERE params LIKE $1`,
		`SELECT COUNT(*) FROM commands WHERE reason LIKE $1`,
	} {
		if n := h.number(query, "%"+secret+"%"); n != 0 {
			h.t.Errorf("%q was stored: %s", secret, query)
		}
	}
	err := h.db.View(h.t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Rows(`SELECT body FROM command_results`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var body []byte
			if err := rows.Scan(&body); err != nil {
				return err
			}
			if strings.Contains(string(body), secret) {
				h.t.Errorf("%q was kept in an answer:\n%s", secret, body)
			}
		}
		return rows.Err()
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if strings.Contains(h.log.String(), secret) {
		h.t.Errorf("%q was logged", secret)
	}
}

// TestPersonalAppsAreNeverStored is row F6: whatever a phone names, and in answer to whatever.
func TestPersonalAppsAreNeverStored(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		p.drain()
		for _, c := range []mdm.Command{mdm.ManagedApplicationList(), mdm.InstalledApplicationList(), mdm.ProfileList()} {
			if _, err := h.server.Enqueue(t.Context(), mdm.Filter{IDs: []string{p.id}}, c); err != nil {
				t.Fatal(err)
			}
		}
		apps := []dict{
			{"Identifier": "com.example.work", "Name": "Work", "ShortVersion": "2.0"},
			{"Identifier": "com.example.dating", "Name": "Dating", "ShortVersion": "1.0"},
		}
		c := p.idle()
		c = p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID, "ManagedApplicationList": dict{
			"com.example.work": dict{"Status": "Managed"}, "com.example.dating": dict{"Status": "UserInstalledApp"},
		}}))
		c = p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID, "InstalledApplicationList": apps}))
		p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID, "InstalledApplicationList": apps, "ProfileList": []dict{}}))
		p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": "never sent", "InstalledApplicationList": apps}))
		h.nowhere("com.example.dating")
		list, err := h.server.Apps(t.Context(), p.id)
		if err != nil || len(list) != 1 || list[0] != (mdm.App{Identifier: "com.example.work", Name: "Work", Version: "2.0", Status: "Managed"}) {
			t.Errorf("managed apps %+v, %v", list, err)
		}
	})
}

func TestNotNow(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		first := p.idle()
		second := p.ok(p.answer(dict{"Status": "NotNow", "CommandUUID": first.CommandUUID}))
		if second.CommandUUID == "" || second.CommandUUID == first.CommandUUID {
			t.Fatalf("after NotNow got %q, want the next command", second.requestType())
		}
		third := p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": second.CommandUUID}))
		end := p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": third.CommandUUID}))
		if end.CommandUUID != "" {
			t.Errorf("got %s in the same conversation, want it skipped", end.requestType())
		}
		if due := p.get().Push.DueAt; due != h.db.Now().Add(30*time.Minute) {
			t.Errorf("a reminder is due at %v, want in half an hour: NotNow was not the last word", due)
		}
		if again := p.idle(); again.CommandUUID != first.CommandUUID {
			t.Errorf("the next Idle got %q, want %q back", again.CommandUUID, first.CommandUUID)
		}
		if s := p.states()["DeviceInformation"]; s != mdm.CommandSent {
			t.Errorf("state %s, want sent", s)
		}
	})
}

func TestAnswersEndCommands(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		c := p.idle()
		c = p.ok(p.answer(dict{"Status": "Error", "CommandUUID": c.CommandUUID, "ErrorChain": []dict{
			{"ErrorCode": 12021, "ErrorDomain": "MCMDMErrorDomain", "LocalizedDescription": "Ungültig", "USEnglishDescription": "Invalid"},
		}}))
		c = p.ok(p.answer(dict{"Status": "CommandFormatError", "CommandUUID": c.CommandUUID}))
		p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID}))
		want := map[string]mdm.CommandState{
			"DeviceInformation": mdm.CommandError, "SecurityInfo": mdm.CommandFormatError, "DeclarativeManagement": mdm.CommandAcknowledged,
		}
		for name, state := range want {
			if got := p.states()[name]; got != state {
				t.Errorf("%s: %s, want %s", name, got, state)
			}
		}
		list, err := h.events.List(t.Context(), event.Query{Enrollment: p.id, Kind: mdm.Answered})
		if err != nil || len(list) != 3 || list[0].Params["reason"] != "Invalid (MCMDMErrorDomain 12021)" {
			t.Errorf("events %+v, %v; want the phone's reason in the first", list, err)
		}
	})
}

func TestAnswersBelongToTheirEnrollment(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		anna, ben := h.enrolled("anna@example.org"), h.enrolled("ben@example.org")
		c := anna.idle()
		w := ben.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID, "QueryResponses": dict{"DeviceName": "Ben's"}})
		if w.Code != http.StatusOK || w.Body.Len() != 0 {
			t.Errorf("an answer to nothing we asked got %d %q, want 200 and nothing", w.Code, w.Body)
		}
		if s := anna.states()["DeviceInformation"]; s != mdm.CommandSent {
			t.Errorf("anna's command is %s, want sent", s)
		}
		if d := ben.get().Device; d.Name != "" {
			t.Errorf("ben's phone is called %q, want nothing: it was not asked", d.Name)
		}
	})
}

func TestCommandsExpireAndAreCancelled(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		p.drain()
		send := func(c mdm.Command) int {
			n, err := h.server.Enqueue(t.Context(), mdm.Filter{IDs: []string{p.id}}, c)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if send(mdm.ProfileList()) != 1 || send(mdm.ProfileList()) != 0 {
			t.Error("a question that is open was queued again")
		}
		if send(mdm.DeviceLock("a", "")) != 1 || send(mdm.DeviceLock("b", "")) != 1 {
			t.Error("two orders were not both queued")
		}
		list, err := h.server.Commands(t.Context(), p.id)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.server.Cancel(t.Context(), list[0].UUID); err != nil {
			t.Fatal(err)
		}
		if err := h.server.Cancel(t.Context(), list[0].UUID); !errors.Is(err, mdm.ErrUnknown) {
			t.Errorf("a second cancel said %v, want ErrUnknown", err)
		}
		h.clock.Add(15 * 24 * time.Hour)
		if c := p.idle(); c.Command["Message"] != "a" {
			t.Errorf("got %v, want the lock that neither expired nor was cancelled", c)
		}
		if send(mdm.ProfileList()) != 1 {
			t.Error("an expired question keeps a new one out")
		}
	})
}

func TestEnqueue(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		anna, ben := h.enrolled("anna@example.org"), h.enrolled("ben@example.org")
		waiting := h.phone("carl@example.org")
		waiting.ok(waiting.authenticate())
		ctx := event.WithActor(t.Context(), "root")
		if n, err := h.server.Enqueue(ctx, mdm.Filter{All: true}, mdm.ProfileList()); n != 2 || err != nil {
			t.Errorf("to all: %d, %v; want 2 phones", n, err)
		}
		if _, err := h.server.Enqueue(ctx, mdm.Filter{IDs: []string{"nobody"}}, mdm.ProfileList()); !errors.Is(err, mdm.ErrUnknown) {
			t.Errorf("to nobody: %v, want ErrUnknown", err)
		}
		if n, err := h.server.Enqueue(ctx, mdm.Filter{IDs: []string{ben.id}}, mdm.CertificateList()); n != 1 || err != nil {
			t.Errorf("to ben: %d, %v", n, err)
		}
		if asked := ben.drain(); !slices.Contains(asked, "CertificateList") || !slices.Contains(asked, "ProfileList") {
			t.Errorf("ben was asked %v", asked)
		}
		if asked := anna.drain(); slices.Contains(asked, "CertificateList") {
			t.Errorf("anna was asked %v", asked)
		}
		list, err := h.server.Commands(t.Context(), ben.id)
		if err != nil || list[0].RequestType != "CertificateList" || list[0].Actor != "root" || list[0].State != mdm.CommandAcknowledged {
			t.Errorf("newest command %+v, %v", list[0], err)
		}
	})
}

func TestEndManagement(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		p.drain()
		if _, err := h.server.Enqueue(t.Context(), mdm.Filter{IDs: []string{p.id}}, mdm.EndManagement("com.example.enrollment")); err != nil {
			t.Fatal(err)
		}
		c := p.idle()
		if c.requestType() != "RemoveProfile" || c.Command["Identifier"] != "com.example.enrollment" {
			t.Fatalf("got %v", c)
		}
		p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID}))
		if s := mdm.Describe(p.get(), mdm.Moment{Now: h.db.Now()}); s.Code != mdm.Removed || s.Reason != "removed_on_request" {
			t.Errorf("state %+v, want removed on request", s)
		}
		if !slices.Contains(h.upstairs.calls, "left "+p.id) {
			t.Errorf("upstairs did not hear that the tokens are worth nothing: %v", h.upstairs.calls)
		}
		if n := h.number(`SELECT COUNT(*) FROM identities WHERE enrollment = $1 AND revoked_at = 0`, p.id); n != 0 {
			t.Errorf("%d identities are still good, want none", n)
		}

		// It is told so whatever it says, and its person is not asked to sign in. Its goodbye is heard.
		for name, w := range map[string]*httptest.ResponseRecorder{
			"Idle":         p.answer(dict{"Status": "Idle"}),
			"an echo":      p.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID}),
			"TokenUpdate":  p.updateToken(),
			"Authenticate": p.authenticate(),
		} {
			var body struct{ Code, Message, Description string }
			err := json.Unmarshal(w.Body.Bytes(), &body)
			if w.Code != http.StatusForbidden || w.Header().Get("Content-Type") != "application/json" || err != nil ||
				body.Code != "com.apple.unrecognized.device" || body.Message == "" || body.Description == "" {
				t.Errorf("%s afterwards: got %d %q, want 403 com.apple.unrecognized.device", name, w.Code, w.Body)
			}
		}
		p.ok(p.checkIn(dict{"MessageType": "CheckOut"}))
		if s := mdm.Describe(p.get(), mdm.Moment{Now: h.db.Now()}); s.Reason != "removed_on_request" {
			t.Errorf("state %+v after the goodbye, want removed on request as before", s)
		}

		again := h.phone(p.person)
		again.id = p.id
		again.ok(again.authenticate())
		again.ok(again.updateToken())
		if e := p.get(); e.Stage != mdm.StageEnrolled {
			t.Errorf("stage %s after a new enrollment under the same ID, want enrolled", e.Stage)
		}
	})
}

func TestForbiddenCommandsSayWhy(t *testing.T) {
	t.Parallel()
	_, err := mdm.NewCommand("EraseDevice", mdm.Arguments{})
	var forbidden *mdm.ErrForbidden
	if !errors.As(err, &forbidden) || !strings.Contains(err.Error(), "personal phone") {
		t.Errorf("EraseDevice: %v, want Apple's reason", err)
	}
	if _, err := mdm.NewCommand("MakeCoffee", mdm.Arguments{}); !errors.As(err, &forbidden) {
		t.Errorf("an unknown command: %v", err)
	}
	var argument *mdm.ErrArgument
	if _, err := mdm.NewCommand("RemoveProfile", mdm.Arguments{}); !errors.As(err, &argument) {
		t.Errorf("RemoveProfile without an identifier: %v", err)
	}
	for _, name := range mdm.Allowed() {
		c, err := mdm.NewCommand(name, mdm.Arguments{Identifier: "x"})
		if err != nil || c.RequestType() != name {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
}
