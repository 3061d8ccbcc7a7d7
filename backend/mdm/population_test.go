package mdm_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/pki"
)

// populate writes phones straight into the tables: for tests about numbers, where each would take a second of RSA. They
// share an identity and a token, which no check looks at twice.
func (h *house) populate(t testing.TB, n int) *phone {
	t.Helper()
	return h.populateWith(t, n, settle, describeDevice)
}

// settled writes a part of a phone.
type settled func(tx *db.Tx, i int, fingerprint, digest string) error

func (h *house) populateWith(t testing.TB, n int, parts ...settled) *phone {
	t.Helper()
	p := &phone{h: h, token: "shared", person: "town@example.org", attempt: "town"}
	p.certificate = h.certificate(pki.Subject{Attempt: "town", Person: p.person})
	fingerprint := sha256.Sum256(p.certificate.Raw)
	digest := sha256.Sum256([]byte(p.token))
	for from := 0; from < n; from += 1000 {
		err := h.db.Update(t.Context(), func(tx *db.Tx) error {
			for i := from; i < min(from+1000, n); i++ {
				for _, part := range parts {
					if err := part(tx, i, hex.EncodeToString(fingerprint[:]), hex.EncodeToString(digest[:])); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// townID is scattered over the key space, as Apple's ids are.
func townID(i int) string {
	h := sha256.Sum256(fmt.Append(nil, i))
	return fmt.Sprintf("%X-%X-%X-%X-%X", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

func settle(tx *db.Tx, i int, fingerprint, digest string) error {
	id, person := townID(i), fmt.Sprintf("person%06d@example.org", i)
	now := db.Millis(tx.Now)
	_, err := tx.Exec(`
		INSERT INTO enrollments (id, person, stage, last_seen_at, identity_expires_at, renewed, authenticated_at, enrolled_at, ended_at, ended_by, token_at, information_at)
		VALUES ($1, $2, 'enrolled', $3, $4, FALSE, $3, $3, 0, '', $3, $3)`, id, person, now, now+1<<40)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`
		INSERT INTO pins (enrollment, attempt, fingerprint, token_digest) VALUES ($1, $2, $3, $4)`, id, "attempt of "+id, fingerprint, digest)
	return err
}

// describeDevice is what lists and pushes need of a phone besides.
func describeDevice(tx *db.Tx, i int, _, _ string) error {
	id, person := townID(i), fmt.Sprintf("person%06d@example.org", i)
	now := db.Millis(tx.Now)
	_, err := tx.Exec(`
		INSERT INTO devices (enrollment, person_name, managed_account, former, product_name, model, model_number, name,
			os_version, os_extra, build, information_at, security_at, status_at)
		VALUES ($1, $2, $3, '', 'iPhone17,2', 'iPhone 16 Pro Max', '', '', '26.1', '', '23B85', $4, $4, 0)`,
		id, fmt.Sprintf("Person %d", i), person, now)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`
		INSERT INTO listed (n, by_person, by_account, by_name, by_model, by_product, by_os, by_build, search)
		SELECT n, person, person, person, 'iphone 16 pro max', 'iphone17,2', '00026.00001', '23b85', person FROM enrollments WHERE id = $1`, id)
	if err != nil {
		return err
	}
	token := sha256.Sum256([]byte(id))
	_, err = tx.Exec(`
		INSERT INTO pushes (enrollment, topic, token, magic, token_at, due_at, claimed_until, tries, sent_at, outcome, reason, gone_at)
		VALUES ($1, $2, $3, 'magic', $4, 0, 0, 0, 0, '', '', 0)`, id, topic, token[:], now)
	return err
}

// obey gives a phone a command that it has answered long ago: a poll must not meet it.
func obey(tx *db.Tx, i int, _, _ string) error {
	_, err := tx.Exec(`
		INSERT INTO commands (uuid, enrollment, waiting, request_type, ends, state, actor, queued_at, sent_at, answered_at, expires_at, reason, body)
		VALUES ($1, $2, NULL, 'DeviceInformation', $3, 'acknowledged', 'system', 1, 1, 1, 1, '', $4)`,
		fmt.Sprintf("finished-%d", i), townID(i), false, []byte("…"))
	return err
}
