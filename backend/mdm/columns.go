package mdm

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Kind says what a column holds, and so how it is filtered and shown.
type Kind string

// The kinds of columns.
const (
	Words   Kind = "text"
	Version Kind = "version"
	When    Kind = "time"
	Number  Kind = "number"
	Bytes   Kind = "bytes"
	Percent Kind = "percent"
	Choice  Kind = "choice" // one of Column.Choices
	Labels  Kind = "tags"
	YesNo   Kind = "bool"
)

// Column is a column of the list of phones. The list, filters, saved views and every export have what stands here, and
// nothing else. There is none for what User Enrollment does not tell: serial number, UDID, IMEI, telephone number.
type Column struct {
	Name    string
	Title   string // in English; screens have words of their own
	Kind    Kind
	Glance  bool     // shown unless somebody chose others
	Choices []string // of a Choice, in the order in which they sort
	// key is what the column is sorted and filtered by: a word of listed, or a number of enrollments.
	key string
	// value is what a file has in the column: string, int64, bool, time.Time or nil.
	value func(e *Enrollment, m Moment) any
}

// Value is what a file has in the column: string, int64, bool, time.Time or nil.
func (c Column) Value(e *Enrollment, m Moment) any { return c.value(e, m) }

// words says that the column's key is a word, which has an index.
func (c Column) words() bool { return strings.HasPrefix(c.key, "l.") }

// passcodes are what is known of a passcode, in the order of their numbers in the database.
var passcodes = []string{"none", "not_compliant", "present", "compliant"}

// Columns are all there are, in the order in which they are offered.
func Columns() []Column { return columns }

var columns = append([]Column{
	{Name: "name", Title: "Name", Kind: Words, Glance: true, key: "l.by_name", value: func(e *Enrollment, _ Moment) any { return e.Device.Name }},
	{Name: "nickname", Title: "Nickname", Kind: Words, key: "l.by_nickname", value: func(e *Enrollment, _ Moment) any { return e.Remarks.Nickname }},
	{Name: "person", Title: "Person", Kind: Words, Glance: true, key: "l.by_person", value: func(e *Enrollment, _ Moment) any { return e.Person }},
	{Name: "person_name", Title: "Person's name", Kind: Words, key: "l.by_person", value: func(e *Enrollment, _ Moment) any { return e.PersonName }},
	{Name: "group", Title: "Group", Kind: Words, key: "l.by_group", value: func(e *Enrollment, _ Moment) any { return e.Group }},
	{Name: "managed_account", Title: "Managed account", Kind: Words, key: "l.by_account", value: func(e *Enrollment, _ Moment) any { return e.ManagedAccount }},
	{Name: "state", Title: "State", Kind: Choice, Glance: true, Choices: Codes(), key: "state", value: func(e *Enrollment, m Moment) any { return Describe(*e, m).Code }},
	{Name: "state_reason", Title: "Because", Kind: Words, value: func(e *Enrollment, m Moment) any { return Describe(*e, m).Reason }},
	{Name: "model", Title: "Model", Kind: Words, Glance: true, key: "l.by_model", value: func(e *Enrollment, _ Moment) any { return e.Device.Model }},
	{Name: "product_name", Title: "Product", Kind: Words, key: "l.by_product", value: func(e *Enrollment, _ Moment) any { return e.Device.ProductName }},
	{Name: "os_version", Title: "OS", Kind: Version, Glance: true, key: "l.by_os", value: func(e *Enrollment, _ Moment) any { return e.Device.OSVersion }},
	{Name: "build", Title: "Build", Kind: Words, key: "l.by_build", value: func(e *Enrollment, _ Moment) any { return e.Device.Build }},
	{Name: "last_seen_at", Title: "Last contact", Kind: When, Glance: true, key: "e.last_seen_at", value: at(func(e *Enrollment) time.Time { return e.LastSeenAt })},
	{Name: "away_hours", Title: "Hours we were off since", Kind: Number, value: awayHours},
	{Name: "last_info_at", Title: "Last inventory", Kind: When, key: "e.information_at", value: at(func(e *Enrollment) time.Time { return e.Device.InformationAt })},
	{Name: "enrolled_at", Title: "Enrolled", Kind: When, key: "e.enrolled_at", value: at(func(e *Enrollment) time.Time { return e.EnrolledAt })},
	{Name: "ended_at", Title: "Ended", Kind: When, key: "e.ended_at", value: at(func(e *Enrollment) time.Time { return e.EndedAt })},
	{Name: "archived_at", Title: "Archived", Kind: When, key: "e.archived_at", value: at(func(e *Enrollment) time.Time { return e.ArchivedAt })},
	{Name: "woken_at", Title: "Woken", Kind: When, key: "e.sent_at", value: at(func(e *Enrollment) time.Time { return e.Push.SentAt })},
	{Name: "failed_at", Title: "Command failed", Kind: When, key: "e.failed_at", value: at(func(e *Enrollment) time.Time { return e.FailedAt })},
	{Name: "identity_not_after", Title: "Certificate until", Kind: When, key: "e.identity_expires_at", value: at(func(e *Enrollment) time.Time { return e.IdentityExpiresAt })},
	{Name: "capacity", Title: "Storage", Kind: Bytes, key: "e.capacity", value: number(func(e *Enrollment) *int64 { return e.Device.Capacity })},
	{Name: "available", Title: "Free storage", Kind: Bytes, key: "e.available", value: number(func(e *Enrollment) *int64 { return e.Device.Available })},
	{Name: "battery", Title: "Battery", Kind: Percent, key: "e.battery", value: number(func(e *Enrollment) *int64 { return e.Device.Battery })},
	{Name: "passcode", Title: "Passcode", Kind: Choice, Choices: passcodes, key: "e.passcode", value: func(e *Enrollment, _ Moment) any { return e.Device.Passcode() }},
	{Name: "tags", Title: "Tags", Kind: Labels, key: "l.by_tags", value: func(e *Enrollment, _ Moment) any { return strings.Join(e.Remarks.Tags, ", ") }},
	{Name: "notes", Title: "Notes", Kind: Words, key: "l.by_notes", value: func(e *Enrollment, _ Moment) any { return e.Remarks.Notes }},
	{Name: "kept", Title: "Kept", Kind: YesNo, key: "CASE WHEN e.kept THEN 1 ELSE 0 END", value: func(e *Enrollment, _ Moment) any { return e.Kept.Reason != "" }},
	{Name: "id", Title: "ID", Kind: Words, value: func(e *Enrollment, _ Moment) any { return e.ID }},
	{Name: "enrollment_id", Title: "Enrollment ID", Kind: Words, value: func(e *Enrollment, _ Moment) any { return e.ID }},
	{Name: "former_id", Title: "Formerly", Kind: Words, value: func(e *Enrollment, _ Moment) any { return e.Former }},
}, ownFields()...)

func ownFields() []Column {
	fields := make([]Column, 0, OwnFields)
	for i := range OwnFields {
		name := fmt.Sprintf("field%d", i+1)
		fields = append(fields, Column{
			Name: name, Title: fmt.Sprintf("Field %d", i+1), Kind: Words, key: "l.by_" + name,
			value: func(e *Enrollment, _ Moment) any { return e.Remarks.Fields[i] },
		})
	}
	return fields
}

var columnsByName = func() map[string]Column {
	m := map[string]Column{}
	for _, c := range columns {
		m[c.Name] = c
	}
	m["os"] = m["os_version"] // as it was called first
	return m
}()

// ColumnNamed finds a column.
func ColumnNamed(name string) (Column, bool) {
	c, ok := columnsByName[name]
	return c, ok
}

// Own is the number of an own field, from 1; 0 for other columns.
func (c Column) Own() int {
	n, _ := strconv.Atoi(strings.TrimPrefix(c.Name, "field"))
	return n
}

// Sortable says whether a list can be sorted by the column.
func (c Column) Sortable() bool { return c.key != "" }

// Passcode is what is known of the passcode, "" if nothing is.
func (d Device) Passcode() string {
	switch {
	case d.PasscodePresent != nil && !*d.PasscodePresent:
		return passcodes[0]
	case d.PasscodeCompliant != nil && !*d.PasscodeCompliant:
		return passcodes[1]
	case d.PasscodeCompliant != nil:
		return passcodes[3]
	case d.PasscodePresent != nil:
		return passcodes[2]
	}
	return ""
}

func at(f func(*Enrollment) time.Time) func(*Enrollment, Moment) any {
	return func(e *Enrollment, _ Moment) any { return f(e) }
}

func number(f func(*Enrollment) *int64) func(*Enrollment, Moment) any {
	return func(e *Enrollment, _ Moment) any {
		if n := f(e); n != nil {
			return *n
		}
		return nil
	}
}

// awayHours is for how many hours we could not be reached since the phone was heard.
func awayHours(e *Enrollment, m Moment) any {
	return int64(m.Away.Within(e.LastSeenAt, m.Now).Hours())
}
