package mdm

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
)

// Held is one thing that is kept about a phone or its person: a row of the privacy panel, which leaves nothing out.
type Held struct {
	Name  string // Apple's name of a fact, or ours
	Group string // account, management, device, security, apps, remarks, history
	Kind  string // text, bool, number, percent, bytes, time
	Value string
	Since time.Time
	// Why we keep it: owner (to know whose phone it is), service (to serve it), support (to help and to see what is due),
	// security (to know that rules are kept), written (somebody wrote it), audit (to know what happened).
	Why string
}

// Never are the things that the organization never learns of a personal phone; User Enrollment does not tell them.
func Never() []string {
	return []string{"content", "location", "apps", "ids", "wipe", "backup"}
}

// Held is all that this package keeps about one phone.
func (s *Server) Held(ctx context.Context, id string) ([]Held, error) {
	var list []Held
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		list, err = held(tx, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list what is kept: %w", err)
	}
	return list, nil
}

// holding collects rows of one group.
type holding struct {
	list       []Held
	group, why string
	since      time.Time
}

func (h *holding) about(group, why string, since time.Time) {
	h.group, h.why, h.since = group, why, since
}

func (h *holding) add(name, kind, value string) {
	if value != "" {
		h.list = append(h.list, Held{name, h.group, kind, value, h.since, h.why})
	}
}

func (h *holding) text(name, value string) { h.add(name, "text", value) }

func (h *holding) time(name string, at time.Time) { h.add(name, "time", stamp(at)) }

func (h *holding) count(name, kind string, n *int64) {
	if n != nil {
		h.add(name, kind, strconv.FormatInt(*n, 10))
	}
}

func (h *holding) yes(name string, v *bool) {
	if v != nil {
		h.add(name, "bool", strconv.FormatBool(*v))
	}
}

// Facts are what the phone told about itself, in Apple's words and the order in which people ask.
func (e Enrollment) Facts() []Held {
	h := &holding{}
	d := e.Device
	told := d.InformationAt
	if told.IsZero() {
		told = e.AuthenticatedAt
	}
	h.about("device", "support", told)
	h.text("DeviceName", d.Name)
	h.text("Model", d.Model)
	h.text("ProductName", d.ProductName)
	h.text("ModelNumber", d.ModelNumber)
	h.text("OSVersion", strings.TrimSpace(d.OSVersion+" "+d.OSExtra))
	h.text("BuildVersion", d.Build)
	h.count("DeviceCapacity", "bytes", d.Capacity)
	h.count("AvailableDeviceCapacity", "bytes", d.Available)
	h.count("BatteryLevel", "percent", d.Battery)
	secure := d.SecurityAt
	if secure.Before(d.StatusAt) {
		secure = d.StatusAt
	}
	h.about("security", "security", secure)
	h.yes("PasscodePresent", d.PasscodePresent)
	h.yes("PasscodeCompliant", d.PasscodeCompliant)
	h.count("HardwareEncryptionCaps", "number", d.Encryption)
	h.yes("IsUserEnrollment", d.UserEnrollment)
	return h.list
}

func held(tx *db.Tx, id string) ([]Held, error) {
	e, err := get(tx, id)
	if err != nil {
		return nil, err
	}
	h := &holding{}
	h.about("account", "owner", e.AuthenticatedAt)
	h.text("person", e.Person)
	h.text("person_name", e.PersonName)
	h.text("managed_account", e.ManagedAccount)
	h.text("group", e.Group)
	h.about("management", "service", e.AuthenticatedAt)
	h.text("enrollment_id", e.ID)
	h.text("former_id", e.Former)
	h.text("same", e.Same)
	h.time("authenticated_at", e.AuthenticatedAt)
	h.time("enrolled_at", e.EnrolledAt)
	h.time("last_seen_at", e.LastSeenAt)
	h.time("identity_not_after", e.IdentityExpiresAt)
	h.time("push_token_at", e.Push.TokenAt)
	h.time("woken_at", e.Push.SentAt)
	h.text("push_outcome", strings.TrimSpace(e.Push.Outcome+" "+e.Push.Reason))
	h.time("push_gone_at", e.Push.GoneAt)
	h.time("failed_at", e.FailedAt)
	h.text("ended_by", e.EndedBy)
	h.time("ended_at", e.EndedAt)
	h.time("archived_at", e.ArchivedAt)
	h.list = append(h.list, e.Facts()...)
	if err := holdApps(tx, h, e); err != nil {
		return nil, err
	}
	h.about("remarks", "written", time.Time{})
	h.text("nickname", e.Remarks.Nickname)
	h.text("tags", strings.Join(e.Remarks.Tags, ", "))
	h.text("notes", e.Remarks.Notes)
	for i, f := range e.Remarks.Fields {
		h.text(fmt.Sprintf("field%d", i+1), f)
	}
	h.about("remarks", "written", e.Kept.At)
	h.text("keep_reason", e.Kept.Reason)
	return h.list, holdHistory(tx, h, id)
}

func holdApps(tx *db.Tx, h *holding, e Enrollment) error {
	rows, err := tx.Rows(`SELECT identifier, name, version FROM managed_apps WHERE enrollment = $1 ORDER BY identifier`, e.ID)
	if err != nil {
		return err
	}
	defer rows.Close()
	h.about("apps", "support", e.Device.InformationAt)
	for rows.Next() {
		var identifier, name, version string
		if err := rows.Scan(&identifier, &name, &version); err != nil {
			return err
		}
		h.text(identifier, firstOf(strings.TrimSpace(name+" "+version), identifier))
	}
	return rows.Err()
}

// holdHistory says how many commands and answers there are, and since when.
func holdHistory(tx *db.Tx, h *holding, id string) error {
	for _, q := range []struct{ name, statement string }{
		{"commands", `SELECT COUNT(*), COALESCE(MIN(queued_at), 0) FROM commands WHERE enrollment = $1`},
		{"answers", `
			SELECT COUNT(*), COALESCE(MIN(c.answered_at), 0)
			FROM command_results r JOIN commands c ON c.uuid = r.command
			WHERE r.enrollment = $1`},
	} {
		var n, since int64
		if err := tx.Row(q.statement, id).Scan(&n, &since); err != nil {
			return err
		}
		h.about("history", "audit", db.Time(since))
		if n > 0 {
			h.count(q.name, "number", &n)
		}
	}
	return nil
}
