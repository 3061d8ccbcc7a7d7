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
			os_version, os_extra, build, information_at, security_at, status_at, search, by_person, by_name, by_model, by_os,
			nickname, group_name, same)
		VALUES ($1, $2, $3, $4, $5, $6, '', '', $7, '', $8, 0, 0, 0, '', $9, '', '', '', $10, $11, $12)
		ON CONFLICT (enrollment) DO UPDATE SET
			person_name = excluded.person_name, managed_account = excluded.managed_account, former = excluded.former,
			nickname = excluded.nickname, group_name = excluded.group_name, same = excluded.same,
			product_name = excluded.product_name, model = excluded.model, os_version = excluded.os_version, build = excluded.build,
			by_person = excluded.by_person`,
		m.EnrollmentID, g.Name, g.ManagedAccount, former, m.ProductName, modelName(m.ProductName), m.OSVersion, m.BuildVersion,
		sortText(g.Name, g.Person), text(g.Nickname), text(g.Group), g.Same)
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

// index brings the columns up to date by which lists are searched and sorted.
func index(tx *db.Tx, id string) error {
	var person, personName, account, nickname, name, model, product, os string
	err := tx.Row(`
		SELECT e.person, d.person_name, d.managed_account, d.nickname, d.name, d.model, d.product_name, d.os_version
		FROM devices d JOIN enrollments e ON e.id = d.enrollment
		WHERE d.enrollment = $1`, id).Scan(&person, &personName, &account, &nickname, &name, &model, &product, &os)
	if err != nil {
		return fmt.Errorf("index device: %w", err)
	}
	_, err = tx.Exec(`
		UPDATE devices SET search = $1, by_name = $2, by_model = $3, by_os = $4 WHERE enrollment = $5`,
		db.Fold(strings.Join([]string{person, personName, account, nickname, name, model, product, os}, " ")),
		sortText(nickname, name, personName, person), db.Fold(model), sortVersion(os), id)
	if err != nil {
		return fmt.Errorf("index device: %w", err)
	}
	return nil
}

// sortText is the first of these that is not empty, folded.
func sortText(names ...string) string {
	for _, n := range names {
		if n != "" {
			return db.Fold(n)
		}
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
	var none string
	e, err := scan(tx.Row(`
		SELECT '', `+columns+`
		WHERE e.person = $1 AND d.product_name = $2 AND e.stage <> $3
		ORDER BY e.authenticated_at DESC, e.id
		LIMIT 1`, person, productName, string(StageArchived)), &none)
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
