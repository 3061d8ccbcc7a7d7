package mdm_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/mdm"
)

// ours are the columns that hold nothing about a phone or its person: numbers of rows, copies for lists, digests that
// mean nothing to anybody, and flags of the protocol.
var ours = map[string]bool{
	"n": true, "renewed": true, "batch": true, "archived_from": true, "passcode": true, "kept": true, "stage": true,
	"fingerprint": true, "token_digest": true, "attempt": true, "due_at": true, "claimed_until": true, "tries": true,
	"topic": true, "token": true, "magic": true, "security_at": true, "status_at": true, "information_at": true,
	"kept_by": true, "kept_at": true, "seen_hour": true,
}

// F5: the panel equals the row. Whatever a column of a phone holds, it is in the panel.
func TestPrivacyPanelEqualsTheRow(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		c := p.idle()
		p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID, "QueryResponses": dict{
			"DeviceName": "Anna's iPhone", "OSVersion": "26.1", "SupplementalOSVersionExtra": "(a)", "BuildVersion": "23B85", "ModelName": "iPhone",
			"ModelNumber": "MLPF3", "ProductName": "iPhone17,2", "DeviceCapacity": 128.0, "AvailableDeviceCapacity": 12.5, "BatteryLevel": 0.42,
		}}))
		notes := "geht bald in Rente"
		_, err := h.server.Remark(t.Context(), mdm.RemarksChange{Notes: &notes, Tag: []string{"VIP"}, Fields: map[int]string{1: "4711", 10: "zehn"}}, p.id)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.server.Keep(t.Context(), "Museum", p.id); err != nil {
			t.Fatal(err)
		}
		fill := func(statement string, args ...any) {
			t.Helper()
			if err := h.db.Update(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(statement, args...); return err }); err != nil {
				t.Fatal(err)
			}
		}
		at := db.Millis(h.db.Now())
		fill(`UPDATE devices SET former = 'E-0', person_name = 'Anna Lind', nickname = 'Work', group_name = 'Sales', same = 'yes',
			passcode_present = TRUE, passcode_compliant = TRUE, hardware_encryption = 3, user_enrollment = TRUE WHERE enrollment = $1`, p.id)
		fill(`UPDATE enrollments SET sent_at = $1, outcome = 'gone', gone_at = $2, ended_at = $3, ended_by = 'checkout', archived_at = $4 WHERE id = $5`,
			at-1000, at-2000, at-3000, at-4000, p.id)
		fill(`UPDATE pushes SET sent_at = $1, outcome = 'gone', reason = 'Unregistered', gone_at = $2 WHERE enrollment = $3`, at-1000, at-2000, p.id)
		fill(`INSERT INTO managed_apps (enrollment, identifier, name, version, status) VALUES ($1, 'org.example.app', 'App', '1.2', 'Managed')`, p.id)

		held, err := h.server.Held(t.Context(), p.id)
		if err != nil {
			t.Fatal(err)
		}
		var panel []string
		for _, one := range held {
			panel = append(panel, one.Value)
			if one.Why == "" || one.Group == "" {
				t.Errorf("%+v does not say why", one)
			}
		}
		for table, key := range map[string]string{"enrollments": "id", "pins": "enrollment", "devices": "enrollment", "pushes": "enrollment", "remarks": "enrollment"} {
			for column, value := range h.row(table, key, p.id) {
				if ours[column] || value == "" {
					continue
				}
				if !strings.Contains(strings.Join(panel, "\n"), value) {
					t.Errorf("%s.%s is %q, which the panel does not show:\n%s", table, column, value, strings.Join(panel, "\n"))
				}
			}
		}
		if got := strings.Join(mdm.Never(), " "); got == "" {
			t.Error("nothing is never collected")
		}
	})
}

// row is a row as the panel writes its values.
func (h *house) row(table, key, id string) map[string]string {
	h.t.Helper()
	row := map[string]string{}
	err := h.db.View(h.t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Rows(`SELECT * FROM `+table+` WHERE `+key+` = $1`, id)
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		values, places := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(places...); err != nil {
				return err
			}
		}
		for i, column := range columns {
			switch v := values[i].(type) {
			case int64:
				if strings.HasSuffix(column, "_at") && v > 0 {
					row[column] = db.Time(v).Format(time.RFC3339)
				} else if v > 1 && !strings.HasSuffix(column, "_at") {
					row[column] = fmt.Sprint(v)
				}
			case string:
				if column == "fields" || column == "tags" {
					v = strings.NewReplacer(`["`, "", `"]`, "").Replace(v)
					v, _, _ = strings.Cut(v, `"`)
				}
				row[column] = v
			}
		}
		return rows.Err()
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return row
}
