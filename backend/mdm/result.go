package mdm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"howett.net/plist"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/settings"
)

// CommandState is how far a command has come.
type CommandState string

// The states of a command.
const (
	CommandPending      CommandState = "pending"
	CommandSent         CommandState = "sent"
	CommandNotNow       CommandState = "notnow"
	CommandAcknowledged CommandState = "acknowledged"
	CommandError        CommandState = "error"
	CommandFormatError  CommandState = "format-error"
	CommandExpired      CommandState = "expired"
	CommandCancelled    CommandState = "cancelled"
)

// answers maps Apple's Status to the end of a command.
var answers = map[string]CommandState{
	"Acknowledged": CommandAcknowledged, "Error": CommandError, "CommandFormatError": CommandFormatError,
}

const (
	// answerKept bounds what is kept of one answer.
	answerKept = 256 << 10
	// afterNotNow: a phone that said NotNow and then something else does not come back by itself.
	afterNotNow = 30 * time.Minute
	// inCaseNotNow: one that said NotNow last calls when it can. Should it forget, we ask.
	inCaseNotNow = 6 * time.Hour
)

// next answers what comes to the command address: the oldest open command, or nothing.
func (s *Server) next(ctx context.Context, c caller, body []byte) (reply, error) {
	m, err := decodeResult(body)
	if err != nil {
		return reply{}, err
	}
	id := m.EnrollmentID
	state, final := answers[m.Status]
	if !final && m.Status != "Idle" && m.Status != "NotNow" {
		return reply{}, about(refuse("unknown_status_"+short(m.Status), nil), id)
	}
	var r reply
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		p, challenge, err := s.admit(tx, c, id)
		r = reply{challenge: challenge, enrollment: id}
		if err != nil || challenge != "" || m.EnrollmentUserID != "" {
			return err
		}
		known := true
		switch {
		case final:
			known, err = s.settle(tx, id, &p, m, state)
		case m.Status == "NotNow":
			known, err = postpone(tx, id, m.CommandUUID)
		}
		if err != nil || !known || p.stage != StageEnrolled {
			return err // an answer to nothing we asked, or no time for commands: the conversation is over
		}
		r.body, err = s.offer(tx, id, m.Status)
		return err
	})
	return r, about(err, id)
}

// offer takes the next command out of the queue, to be sent. After anything but Idle, commands that were answered
// NotNow are passed over: the phone would say it again.
func (s *Server) offer(tx *db.Tx, id, status string) ([]byte, error) {
	idle := status == "Idle"
	var uuid string
	var body []byte
	err := tx.Row(`
		SELECT uuid, body
		FROM commands
		WHERE waiting = $1 AND expires_at > $2 AND ($3 OR state <> 'notnow')
		ORDER BY uuid
		LIMIT 1`, id, db.Millis(tx.Now), idle).Scan(&uuid, &body)
	if errors.Is(err, sql.ErrNoRows) {
		if idle {
			return nil, nil
		}
		return nil, s.remind(tx, id, status)
	}
	if err != nil {
		return nil, fmt.Errorf("find next command: %w", err)
	}
	_, err = tx.Exec(`UPDATE commands SET state = $1, sent_at = $2 WHERE uuid = $3`, string(CommandSent), db.Millis(tx.Now), uuid)
	if err != nil {
		return nil, fmt.Errorf("send command: %w", err)
	}
	return body, nil
}

// remind plans a push for commands that the phone had no time for.
func (s *Server) remind(tx *db.Tx, id, status string) error {
	pause := afterNotNow
	if status == "NotNow" {
		pause = inCaseNotNow
	}
	_, err := tx.Exec(`
		UPDATE pushes SET due_at = $1, tries = 1
		WHERE enrollment = $2 AND outcome <> 'refused' AND gone_at = 0
		AND EXISTS (SELECT 1 FROM commands WHERE waiting = $2)`,
		db.Millis(tx.Now.Add(pause)), id)
	if err != nil {
		return fmt.Errorf("plan a push: %w", err)
	}
	return nil
}

func postpone(tx *db.Tx, id, uuid string) (bool, error) {
	n, err := tx.Exec(`UPDATE commands SET state = $1 WHERE uuid = $2 AND waiting = $3`, string(CommandNotNow), uuid, id)
	if err != nil {
		return false, fmt.Errorf("postpone command: %w", err)
	}
	return n > 0, nil
}

// settle takes an answer. It belongs to the command with its UUID, whenever that was sent; a second answer changes
// nothing. It says false if there is no such command.
func (s *Server) settle(tx *db.Tx, id string, p *pin, m result, state CommandState) (bool, error) {
	var requestType string
	var ends bool
	reason := text(m.reason())
	err := tx.Row(`
		UPDATE commands SET state = $1, waiting = NULL, answered_at = $2, reason = $3
		WHERE uuid = $4 AND enrollment = $5 AND state IN ('pending', 'sent', 'notnow', 'expired', 'cancelled')
		RETURNING request_type, ends`,
		string(state), db.Millis(tx.Now), reason, m.CommandUUID, id).Scan(&requestType, &ends)
	if errors.Is(err, sql.ErrNoRows) {
		return repeated(tx, id, m.CommandUUID)
	}
	if err != nil {
		return false, fmt.Errorf("take an answer: %w", err)
	}
	if err := failed(tx, id, requestType, state); err != nil {
		return false, err
	}
	if state == CommandAcknowledged {
		if err := s.understand(tx, id, requestType, &m); err != nil {
			return false, err
		}
	}
	if err := keep(tx, id, requestType, m); err != nil {
		return false, err
	}
	err = s.note(tx, Answered, id, p, map[string]string{"type": requestType, "state": string(state), "reason": reason, "command": m.CommandUUID})
	if err != nil {
		return false, err
	}
	if ends && state == CommandAcknowledged && !p.stage.over() {
		return true, s.leave(tx, id, p, EndedByUs)
	}
	return true, nil
}

// failed remembers the last command that a phone could not carry out, until it carries out another one of that type.
func failed(tx *db.Tx, id, requestType string, state CommandState) error {
	var err error
	switch state {
	case CommandError, CommandFormatError:
		_, err = tx.Exec(`UPDATE enrollments SET failed_at = $1, failed_type = $2 WHERE id = $3`, db.Millis(tx.Now), requestType, id)
	case CommandAcknowledged:
		_, err = tx.Exec(`UPDATE enrollments SET failed_at = 0, failed_type = '' WHERE id = $1 AND failed_type = $2`, id, requestType)
	}
	if err != nil {
		return fmt.Errorf("note a command that failed: %w", err)
	}
	return nil
}

func repeated(tx *db.Tx, id, uuid string) (bool, error) {
	var n int
	err := tx.Row(`SELECT COUNT(*) FROM commands WHERE uuid = $1 AND enrollment = $2`, uuid, id).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for command: %w", err)
	}
	return n > 0, nil
}

// reason is what the phone said when it could not. Apple's codes change between releases: for people, not for code.
func (m *result) reason() string {
	var b strings.Builder
	for i, e := range m.ErrorChain {
		if i == 4 {
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		said := e.USEnglishDescription
		if said == "" {
			said = e.LocalizedDescription
		}
		fmt.Fprintf(&b, "%s (%s %d)", said, e.ErrorDomain, e.ErrorCode)
	}
	return b.String()
}

// understand stores what an answer tells about the device.
func (s *Server) understand(tx *db.Tx, id, requestType string, m *result) error {
	p, err := s.privacy(tx)
	if err != nil {
		return err
	}
	switch {
	case switchedOff(p, requestType):
		m.SecurityInfo, m.ProfileList, m.CertificateList, m.InstalledApps, m.ManagedApplicationList = nil, nil, nil, nil, nil
		return nil
	case requestType == "DeviceInformation" && m.QueryResponses != nil:
		m.QueryResponses.trim(p)
		return learn(tx, id, m.QueryResponses.device(tx.Now))
	case requestType == "SecurityInfo" && m.SecurityInfo != nil:
		d := Device{Encryption: m.SecurityInfo.HardwareEncryptionCaps, PasscodeCompliant: m.SecurityInfo.PasscodeCompliant, SecurityAt: tx.Now}
		if m.SecurityInfo.ManagementStatus != nil {
			d.UserEnrollment = m.SecurityInfo.ManagementStatus.IsUserEnrollment
		}
		return learn(tx, id, d)
	case requestType == "ManagedApplicationList":
		return storeManaged(tx, id, m)
	case requestType == "InstalledApplicationList":
		return storeVersions(tx, id, m)
	}
	return nil
}

// trim drops what the phone was not asked for.
func (q *deviceInformation) trim(p settings.Privacy) {
	if !p.Name {
		q.DeviceName = ""
	}
	if !p.Storage {
		q.DeviceCapacity, q.AvailableDeviceCapacity = nil, nil
	}
	if !p.Battery {
		q.BatteryLevel = nil
	}
}

func (q *deviceInformation) device(now time.Time) Device {
	return Device{
		ProductName: q.ProductName, Model: q.ModelName, ModelNumber: q.ModelNumber, Name: q.DeviceName,
		OSVersion: q.OSVersion, OSExtra: q.SupplementalOSVersionExtra, Build: firstOf(q.SupplementalBuildVersion, q.BuildVersion),
		Capacity: scaled(q.DeviceCapacity, 1<<30), Available: scaled(q.AvailableDeviceCapacity, 1<<30), Battery: percent(q.BatteryLevel),
		InformationAt: now,
	}
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func scaled(v *float64, by float64) *int64 {
	if v == nil || math.IsNaN(*v) || *v < 0 || *v*by > 1<<60 {
		return nil
	}
	n := int64(math.Round(*v * by))
	return &n
}

// percent knows -1: Apple's word for a level that cannot be told.
func percent(v *float64) *int64 {
	if v == nil || *v > 1 {
		return nil
	}
	return scaled(v, 100)
}

// storeManaged remembers which apps are under management. An app that the person installed is none of our business,
// also when management asked for it in vain.
func storeManaged(tx *db.Tx, id string, m *result) error {
	if _, err := tx.Exec(`DELETE FROM managed_apps WHERE enrollment = $1`, id); err != nil {
		return fmt.Errorf("store managed apps: %w", err)
	}
	for identifier, app := range m.ManagedApplicationList {
		if !isManaged(app.Status) || len(identifier) > 200 {
			delete(m.ManagedApplicationList, identifier)
			continue
		}
		_, err := tx.Exec(`
			INSERT INTO managed_apps (enrollment, identifier, name, version, status) VALUES ($1, $2, '', '', $3)`,
			id, text(identifier), text(app.Status))
		if err != nil {
			return fmt.Errorf("store managed apps: %w", err)
		}
	}
	return nil
}

// isManaged knows the states of an app that is, or is about to be, under management.
func isManaged(status string) bool {
	switch status {
	case "Managed", "ManagedButUninstalled", "Installing", "Queued", "Updating", "PromptingForUpdate", "PromptingForUpdateLogin", "ValidatingUpdate", "UpdateRejected":
		return true
	}
	return false
}

// storeVersions takes the versions of apps that we know to be managed, and drops all others at the door.
func storeVersions(tx *db.Tx, id string, m *result) error {
	kept := m.InstalledApps[:0]
	for _, app := range m.InstalledApps {
		n, err := tx.Exec(`
			UPDATE managed_apps SET name = $1, version = $2 WHERE enrollment = $3 AND identifier = $4`,
			text(app.Name), text(firstOf(app.ShortVersion, app.Version)), id, text(app.Identifier))
		if err != nil {
			return fmt.Errorf("store app versions: %w", err)
		}
		if n > 0 {
			kept = append(kept, app)
		}
	}
	m.InstalledApps = kept
	return nil
}

// keep stores the answer as we understood it. What stands in an answer to another question is dropped first.
func keep(tx *db.Tx, id, requestType string, m result) error {
	kept := result{Status: m.Status, CommandUUID: m.CommandUUID, ErrorChain: m.ErrorChain}
	if m.Status == "Acknowledged" {
		switch requestType {
		case "DeviceInformation":
			kept.QueryResponses = m.QueryResponses
		case "SecurityInfo":
			kept.SecurityInfo = m.SecurityInfo
		case "ProfileList":
			kept.ProfileList = m.ProfileList
		case "CertificateList":
			kept.CertificateList = m.CertificateList
		case "InstalledApplicationList":
			kept.InstalledApps = m.InstalledApps
		case "ManagedApplicationList":
			kept.ManagedApplicationList = m.ManagedApplicationList
		case "DeviceLock":
			kept.MessageResult = m.MessageResult
		}
	}
	body, err := plist.Marshal(kept, plist.XMLFormat)
	if err != nil {
		return fmt.Errorf("keep answer: %w", err)
	}
	if len(body) > answerKept {
		return nil
	}
	_, err = tx.Exec(`
		INSERT INTO command_results (command, enrollment, body) VALUES ($1, $2, $3)
		ON CONFLICT (command) DO UPDATE SET body = excluded.body`, m.CommandUUID, id, body)
	if err != nil {
		return fmt.Errorf("keep answer: %w", err)
	}
	return nil
}
