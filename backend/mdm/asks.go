package mdm

import (
	"fmt"
	"slices"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/settings"
)

// Item is something that the organization learns about a phone. The privacy page of the portal has a line for each.
type Item string

// The items. There is no other question than those of the table below.
const (
	ItemName     Item = "name"
	ItemModel    Item = "model"
	ItemStorage  Item = "storage"
	ItemBattery  Item = "battery"
	ItemPasscode Item = "passcode"
	ItemApps     Item = "apps"
	ItemSettings Item = "settings"
)

// questions is all that we ever ask of a phone: queries of DeviceInformation, whole commands, and status items that
// declarative management reports (package ddm subscribes to them). Each is allowed under User Enrollment on iOS, and
// needed by somebody. Others that are allowed (time zone, mail identifier, analytics …) are not our business.
var questions = []struct {
	item     Item
	asked    func(settings.Privacy) bool
	queries  []string
	commands []string
	status   []string
}{
	{
		ItemName, func(p settings.Privacy) bool { return p.Name },
		[]string{"DeviceName"},
		nil, nil,
	},
	{
		ItemModel, func(settings.Privacy) bool { return true },
		[]string{"OSVersion", "SupplementalOSVersionExtra", "BuildVersion", "SupplementalBuildVersion", "ModelName", "ModelNumber", "ProductName"},
		nil,
		[]string{
			"device.model.family", "device.model.identifier", "device.model.marketing-name",
			"device.operating-system.family", "device.operating-system.version", "device.operating-system.build-version",
		},
	},
	{
		ItemStorage, func(p settings.Privacy) bool { return p.Storage },
		[]string{"DeviceCapacity", "AvailableDeviceCapacity"},
		nil, nil,
	},
	{
		ItemBattery, func(p settings.Privacy) bool { return p.Battery },
		[]string{"BatteryLevel"},
		nil, nil,
	},
	{
		ItemPasscode, func(p settings.Privacy) bool { return p.Passcode },
		nil,
		[]string{"SecurityInfo"},
		[]string{"passcode.is-present", "passcode.is-compliant"},
	},
	{
		ItemApps, func(p settings.Privacy) bool { return p.Apps },
		nil,
		[]string{"ManagedApplicationList", "InstalledApplicationList"},
		nil,
	},
	{
		ItemSettings, func(p settings.Privacy) bool { return p.Settings },
		nil,
		[]string{"ProfileList", "CertificateList"},
		nil,
	},
}

// Asked lists what phones are asked for under these settings.
func Asked(p settings.Privacy) []Item {
	var items []Item
	for _, q := range questions {
		if q.asked(p) {
			items = append(items, q.item)
		}
	}
	return items
}

// Subscribed lists the status items that phones report by themselves under these settings.
func Subscribed(p settings.Privacy) []string {
	var items []string
	for _, q := range questions {
		if q.asked(p) {
			items = append(items, q.status...)
		}
	}
	return items
}

// queriesOf are the queries of DeviceInformation under these settings.
func queriesOf(p settings.Privacy) []string {
	var queries []string
	for _, q := range questions {
		if q.asked(p) {
			queries = append(queries, q.queries...)
		}
	}
	return queries
}

// switchedOff says whether the settings keep a command from being sent.
func switchedOff(p settings.Privacy, requestType string) bool {
	for _, q := range questions {
		if slices.Contains(q.commands, requestType) {
			return !q.asked(p)
		}
	}
	return false
}

// within is the command with no more questions than the settings allow; false: none is left.
func (c Command) within(p settings.Privacy) (Command, bool) {
	if switchedOff(p, c.requestType) {
		return c, false
	}
	if c.requestType == "DeviceInformation" {
		c.keys = map[string]any{"Queries": queriesOf(p)}
	}
	return c, true
}

// privacy is what phones may be asked for at the moment.
func (s *Server) privacy(tx *db.Tx) (settings.Privacy, error) {
	if s.settings == nil {
		return settings.Defaults().Privacy, nil
	}
	now, err := s.settings.In(tx)
	return now.Privacy, err
}

// Minimize follows a change of the settings: what is not asked for any more is forgotten, and taken out of the questions
// that wait for their phone.
func (s *Server) Minimize(tx *db.Tx, old, next settings.Settings) error {
	before, after := old.Privacy, next.Privacy
	forget := map[Item]string{
		ItemName:    `UPDATE devices SET name = ''`,
		ItemStorage: `UPDATE devices SET capacity = NULL, available = NULL`,
		ItemBattery: `UPDATE devices SET battery = NULL`,
		ItemPasscode: `
			UPDATE devices SET passcode_present = NULL, passcode_compliant = NULL, hardware_encryption = NULL,
				user_enrollment = NULL, security_at = 0`,
		ItemApps: `DELETE FROM managed_apps`,
	}
	for _, q := range questions {
		if !q.asked(before) || q.asked(after) {
			continue
		}
		if statement := forget[q.item]; statement != "" {
			if _, err := tx.Exec(statement); err != nil {
				return fmt.Errorf("forget %s: %w", q.item, err)
			}
		}
		for _, requestType := range q.commands {
			if err := unask(tx, requestType); err != nil {
				return err
			}
		}
		if len(q.queries) > 0 {
			if err := dropAnswers(tx, "DeviceInformation"); err != nil {
				return err
			}
		}
	}
	if !slices.Equal(queriesOf(before), queriesOf(after)) {
		if err := askAnew(tx, after); err != nil {
			return err
		}
	}
	if before == after {
		return nil
	}
	if _, err := tx.Exec(countStatement); err != nil {
		return fmt.Errorf("forget numbers in lists: %w", err)
	}
	if before.Name && !after.Name {
		return reindex(tx)
	}
	return nil
}

// unask takes a command out of all queues and drops what was answered to it.
func unask(tx *db.Tx, requestType string) error {
	_, err := tx.Exec(`
		UPDATE commands SET state = $1, waiting = NULL, answered_at = $2
		WHERE waiting IS NOT NULL AND request_type = $3`, string(CommandCancelled), db.Millis(tx.Now), requestType)
	if err != nil {
		return fmt.Errorf("take %s out of the queues: %w", requestType, err)
	}
	return dropAnswers(tx, requestType)
}

func dropAnswers(tx *db.Tx, requestType string) error {
	_, err := tx.Exec(`
		DELETE FROM command_results WHERE command IN (SELECT uuid FROM commands WHERE request_type = $1)`, requestType)
	if err != nil {
		return fmt.Errorf("drop the answers to %s: %w", requestType, err)
	}
	return nil
}

// askAnew writes the questions that wait in the queues with the queries that are left.
func askAnew(tx *db.Tx, p settings.Privacy) error {
	waiting, err := column(tx, `SELECT uuid FROM commands WHERE waiting IS NOT NULL AND request_type = 'DeviceInformation'`)
	if err != nil {
		return fmt.Errorf("find waiting questions: %w", err)
	}
	c, _ := DeviceInformation().within(p)
	for _, uuid := range waiting {
		body, err := c.encode(uuid)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE commands SET body = $1 WHERE uuid = $2`, body, uuid); err != nil {
			return fmt.Errorf("ask anew: %w", err)
		}
	}
	return nil
}

// reindex brings the search columns of all phones up to date.
func reindex(tx *db.Tx) error {
	phones, err := column(tx, `SELECT enrollment FROM devices`)
	if err != nil {
		return fmt.Errorf("list phones: %w", err)
	}
	for _, id := range phones {
		if err := index(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// column is the one column of a query.
func column(tx *db.Tx, query string, args ...any) ([]string, error) {
	rows, err := tx.Rows(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}
