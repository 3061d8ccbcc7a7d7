package mdm

import (
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
)

// introduce writes what is known of a phone at Authenticate, and finds the enrollment it had before: an enrollment
// never says which hardware it is, so the last one of the same person and model it must be.
func introduce(tx *db.Tx, m checkIn, g Grant) error {
	former, err := formerOf(tx, m, g)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`
		INSERT INTO devices (enrollment, person_name, managed_account, former, product_name, model, model_number, name,
			os_version, os_extra, build, information_at, security_at, status_at, nickname, group_name, same)
		VALUES ($1, $2, $3, $4, $5, $6, '', '', $7, '', $8, 0, 0, 0, $9, $10, $11)
		ON CONFLICT (enrollment) DO UPDATE SET
			person_name = excluded.person_name, managed_account = excluded.managed_account, former = excluded.former,
			nickname = CASE WHEN excluded.nickname = '' THEN devices.nickname ELSE excluded.nickname END,
			group_name = excluded.group_name, same = excluded.same,
			product_name = excluded.product_name, model = excluded.model, os_version = excluded.os_version, build = excluded.build`,
		m.EnrollmentID, g.Name, g.ManagedAccount, former, m.ProductName, modelName(m.ProductName), m.OSVersion, m.BuildVersion,
		text(g.Nickname), text(g.Group), g.Same)
	if err != nil {
		return fmt.Errorf("store device: %w", err)
	}
	return index(tx, m.EnrollmentID)
}

// formerOf is the enrollment that a phone had before. Its person may know better than we do.
func formerOf(tx *db.Tx, m checkIn, g Grant) (former string, err error) {
	switch g.Same {
	case SameYes:
		return g.Former, nil
	case SameNo:
		return "", nil
	}
	err = tx.Row(`
		SELECT e.id
		FROM enrollments e JOIN devices d ON d.enrollment = e.id
		WHERE e.person = $1 AND e.id <> $2 AND d.product_name = $3
		ORDER BY e.authenticated_at DESC
		LIMIT 1`, g.Person, m.EnrollmentID, m.ProductName).Scan(&former)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("find former enrollment: %w", err)
	}
	return former, nil
}

// learn stores facts. Empty ones leave what is known.
func learn(tx *db.Tx, id string, d Device) error {
	model := d.Model
	if known, ok := models[d.ProductName]; ok {
		model = known
	}
	n, err := tx.Exec(`
		UPDATE devices SET
			product_name = CASE WHEN $1 = '' THEN product_name ELSE $1 END,
			model = CASE WHEN $2 = '' THEN model ELSE $2 END,
			model_number = CASE WHEN $3 = '' THEN model_number ELSE $3 END,
			name = CASE WHEN $4 = '' THEN name ELSE $4 END,
			os_version = CASE WHEN $5 = '' THEN os_version ELSE $5 END,
			os_extra = CASE WHEN $5 = '' THEN os_extra ELSE $6 END,
			build = CASE WHEN $7 = '' THEN build ELSE $7 END,
			capacity = COALESCE($8, capacity),
			available = COALESCE($9, available),
			battery = COALESCE($10, battery),
			passcode_present = COALESCE($11, passcode_present),
			passcode_compliant = COALESCE($12, passcode_compliant),
			hardware_encryption = COALESCE($13, hardware_encryption),
			user_enrollment = COALESCE($14, user_enrollment),
			information_at = COALESCE($15, information_at),
			security_at = COALESCE($16, security_at),
			status_at = COALESCE($17, status_at)
		WHERE enrollment = $18`,
		text(d.ProductName), text(model), text(d.ModelNumber), text(d.Name), text(d.OSVersion), text(d.OSExtra), text(d.Build),
		d.Capacity, d.Available, d.Battery, d.PasscodePresent, d.PasscodeCompliant, d.Encryption, d.UserEnrollment,
		said(d.InformationAt), said(d.SecurityAt), said(d.StatusAt), id)
	if err != nil {
		return fmt.Errorf("store device facts: %w", err)
	}
	if n == 0 {
		return fmt.Errorf("store device facts of %s: %w", id, ErrUnknown)
	}
	return index(tx, id)
}

// said is a time for a column that keeps its value when there is none.
func said(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := db.Millis(t)
	return &ms
}

// Facts stores what declarative management reports.
func (s *Server) Facts(tx *db.Tx, enrollmentID string, f Facts) error {
	return learn(tx, enrollmentID, Device{
		ProductName: f.ProductName, Model: f.Model, OSVersion: f.OSVersion, Build: f.Build,
		PasscodePresent: f.PasscodePresent, PasscodeCompliant: f.PasscodeCompliant, StatusAt: tx.Now,
	})
}

// index brings up to date what lists are searched, sorted and filtered by.
func index(tx *db.Tx, id string) error {
	var n int64
	var person, personName, account, name, model, product, os, build string
	var r Remarks
	var group, fields, tags string
	err := tx.Row(`
		SELECT e.n, e.person, d.person_name, d.managed_account, d.name, d.model, d.product_name, d.os_version, d.build, d.group_name,
			d.nickname, COALESCE(r.notes, ''), COALESCE(r.fields, ''), COALESCE(r.tags, '')
		FROM devices d JOIN enrollments e ON e.id = d.enrollment LEFT JOIN remarks r ON r.enrollment = d.enrollment
		WHERE d.enrollment = $1`, id).
		Scan(&n, &person, &personName, &account, &name, &model, &product, &os, &build, &group, &r.Nickname, &r.Notes, &fields, &tags)
	if err != nil {
		return fmt.Errorf("index device: %w", err)
	}
	if err := r.read(fields, tags); err != nil {
		return err
	}
	words := []string{personName, person, account, group, r.Nickname, name, model, product, os, build, strings.Join(r.Tags, " "), r.Notes}
	keys := []any{
		sortText(personName, person), sortText(account), sortText(r.Nickname, name, personName, person), sortText(r.Nickname),
		sortText(model), sortText(product), sortVersion(os), sortText(build), sortText(group), sortText(strings.Join(r.Tags, ", ")), sortText(r.Notes),
	}
	for _, f := range r.Fields {
		keys = append(keys, sortText(f))
		words = append(words, f)
	}
	row := append(append([]any{n}, keys...), db.Fold(strings.Join(words, " ")))
	if err := list(tx, row); err != nil {
		return fmt.Errorf("index device: %w", err)
	}
	return count(tx, id)
}

// list writes a row of listed, unless it is there already: most news of a phone change none of its words, and each has
// an index.
func list(tx *db.Tx, row []any) error {
	var same int
	err := tx.Row(`
		SELECT COUNT(*) FROM listed
		WHERE n = $1 AND by_person = $2 AND by_account = $3 AND by_name = $4 AND by_nickname = $5 AND by_model = $6 AND by_product = $7
		AND by_os = $8 AND by_build = $9 AND by_group = $10 AND by_tags = $11 AND by_notes = $12 AND by_field1 = $13 AND by_field2 = $14
		AND by_field3 = $15 AND by_field4 = $16 AND by_field5 = $17 AND by_field6 = $18 AND by_field7 = $19 AND by_field8 = $20
		AND by_field9 = $21 AND by_field10 = $22 AND search = $23`, row...).Scan(&same)
	if err != nil || same == 1 {
		return err
	}
	_, err = tx.Exec(`
		INSERT INTO listed (n, by_person, by_account, by_name, by_nickname, by_model, by_product, by_os, by_build, by_group, by_tags, by_notes,
			by_field1, by_field2, by_field3, by_field4, by_field5, by_field6, by_field7, by_field8, by_field9, by_field10, search)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
		ON CONFLICT (n) DO UPDATE SET
			by_person = excluded.by_person, by_account = excluded.by_account, by_name = excluded.by_name, by_nickname = excluded.by_nickname,
			by_model = excluded.by_model, by_product = excluded.by_product, by_os = excluded.by_os, by_build = excluded.by_build,
			by_group = excluded.by_group, by_tags = excluded.by_tags, by_notes = excluded.by_notes, by_field1 = excluded.by_field1, by_field2 = excluded.by_field2,
			by_field3 = excluded.by_field3, by_field4 = excluded.by_field4, by_field5 = excluded.by_field5, by_field6 = excluded.by_field6,
			by_field7 = excluded.by_field7, by_field8 = excluded.by_field8, by_field9 = excluded.by_field9, by_field10 = excluded.by_field10,
			search = excluded.search`, row...)
	return err
}

// countStatement copies the numbers that phones told to where lists look.
const countStatement = `
	UPDATE enrollments SET
		information_at = d.information_at, capacity = COALESCE(d.capacity, -1), available = COALESCE(d.available, -1),
		battery = COALESCE(d.battery, -1),
		passcode = CASE
			WHEN NOT d.passcode_present THEN 0
			WHEN NOT d.passcode_compliant THEN 1
			WHEN d.passcode_compliant THEN 3
			WHEN d.passcode_present THEN 2
			ELSE -1 END
	FROM devices d
	WHERE d.enrollment = enrollments.id`

func count(tx *db.Tx, id string) error {
	if _, err := tx.Exec(countStatement+` AND enrollments.id = $1`, id); err != nil {
		return fmt.Errorf("count what a phone told: %w", err)
	}
	return nil
}

// sortLength bounds a key: an index holds no long ones.
const sortLength = 200

// sortText is the first of these that is not empty, folded.
func sortText(words ...string) string {
	for _, w := range words {
		if w == "" {
			continue
		}
		key := []rune(db.Fold(w))
		return string(key[:min(len(key), sortLength)])
	}
	return ""
}

// sortVersion pads the numbers of a version, so that 26.10 comes after 26.9.
func sortVersion(v string) string {
	parts := strings.Split(v, ".")
	for i, p := range parts {
		if n, err := strconv.Atoi(p); err == nil && n >= 0 {
			parts[i] = fmt.Sprintf("%05d", n)
		}
	}
	return strings.Join(parts, ".")
}

// text bounds what a phone may call itself, and takes what databases do not: NUL, and bytes that are no UTF-8.
func text(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
	for i := range s {
		if i > 200 {
			return s[:i]
		}
	}
	return s
}

// EarlierOf is the last enrollment of a person on the same model, as far as it is known; the zero value when there is
// none. A phone cannot tell whether it is the one (User Enrollment has no number for the hardware); its person can.
func EarlierOf(tx *db.Tx, person, productName string) (Enrollment, error) {
	if productName == "" {
		return Enrollment{}, nil
	}
	var key, n string
	e, err := scan(tx.Row(`
		SELECT '', '', `+enrollmentColumns+` FROM enrollments e `+enrollmentTables+`
		AND e.person = $1 AND d.product_name = $2 AND e.stage <> $3
		ORDER BY e.authenticated_at DESC, e.id
		LIMIT 1`, person, productName, string(StageArchived)), &key, &n)
	if errors.Is(err, sql.ErrNoRows) {
		return Enrollment{}, nil
	}
	if err != nil {
		return Enrollment{}, fmt.Errorf("find earlier enrollment: %w", err)
	}
	return e, nil
}

// PhonesOf counts the phones that a person has under management, without the one that is about to be replaced. A phone
// that has been silent since another took its place, as its person says, does not count, nor one of which Apple says that
// nobody listens any more.
func PhonesOf(tx *db.Tx, person, replaced string) (n int, err error) {
	err = tx.Row(`
		SELECT COUNT(*)
		FROM enrollments e LEFT JOIN pushes p ON p.enrollment = e.id
		WHERE e.person = $1 AND (e.stage = $2 OR e.stage = $3) AND e.id <> $4
			AND NOT (COALESCE(p.gone_at, 0) > e.last_seen_at)
			AND NOT EXISTS (
				SELECT 1 FROM devices d JOIN enrollments s ON s.id = d.enrollment
				WHERE d.former = e.id AND d.same = 'yes' AND s.authenticated_at >= e.last_seen_at)`,
		person, string(StageAuthenticated), string(StageEnrolled), replaced).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count the phones of a person: %w", err)
	}
	return n, nil
}
