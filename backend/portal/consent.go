package portal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
)

// What people say to the terms. That somebody has seen the privacy page is not worth an event.
const (
	Agreed   event.Kind = "terms.agreed"
	Declined event.Kind = "terms.declined"
)

// The kinds of consents, and what people say.
const (
	KindPrivacy = "privacy"
	KindTerms   = "terms"
	Accepted    = "accepted"
	Refused     = "declined"
)

// ErrNoText says that nobody was ever shown a text with this digest.
var ErrNoText = errors.New("portal: no text with this digest was ever shown")

// Consent is what somebody said to a text that they were shown.
type Consent struct {
	ID, Person, Name, Attempt string
	Kind, Answer              string
	Version                   int // of the terms
	Language                  string
	Hash                      string // SHA-256 of the text, hexadecimal
	Address                   string // empty: not kept
	At                        time.Time
}

// shown is a text that was shown, and its digest.
type shown struct{ text, hash string }

func digested(text string) shown {
	sum := sha256.Sum256([]byte(text))
	return shown{text, hex.EncodeToString(sum[:])}
}

// consent keeps what a person says to a text. The same answer to the same text is kept once for an attempt.
func (v *visit) consent(tx *db.Tx, a *enroll.Attempt, kind, answer, language string, version int, s shown) error {
	var one int
	err := tx.Row(`
		SELECT 1 FROM consents WHERE attempt = $1 AND kind = $2 AND answer = $3 AND hash = $4 LIMIT 1`,
		a.ID, kind, answer, s.hash).Scan(&one)
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	from := ""
	if v.now.Privacy.Address {
		from = address(v.r).Unmap().String()
	}
	_, err = tx.Exec(`
		INSERT INTO consents (id, person, person_name, attempt, kind, answer, version, language, hash, address, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		db.NewID(), a.Person, a.Name, a.ID, kind, answer, version, language, s.hash, from, db.Millis(tx.Now))
	if err != nil {
		return fmt.Errorf("keep a consent: %w", err)
	}
	_, err = tx.Exec(`INSERT INTO consent_texts (hash, content) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING`, s.hash, s.text)
	if err != nil {
		return fmt.Errorf("keep the text of a consent: %w", err)
	}
	if kind == KindPrivacy {
		return nil
	}
	what := Agreed
	if answer == Refused {
		what = Declined
	}
	return v.site.Events.Add(tx, event.Event{
		Kind: what, Actor: "person", Attempt: a.ID, Enrollment: a.Enrollment, Person: a.Person,
		Params: map[string]string{"ref": a.Ref, "version": fmt.Sprint(version), "language": language, "hash": s.hash},
	})
}

// had is what a person agreed to so far.
type had struct {
	before int    // the newest version of the terms that they accepted in other attempts
	terms  int    // … in this attempt
	seen   string // digest of the privacy page that they have seen a moment ago, in another attempt
}

// remembered is how long somebody who starts again need not read the same once more; the text done.stuck promises it.
const remembered = 15 * time.Minute

// agreements finds what the person of an attempt agreed to.
func agreements(tx *db.Tx, a enroll.Attempt) (had, error) {
	var h had
	err := tx.Row(`
		SELECT
			COALESCE(MAX(CASE WHEN attempt <> $2 THEN version ELSE 0 END), 0),
			COALESCE(MAX(CASE WHEN attempt = $2 THEN version ELSE 0 END), 0)
		FROM consents
		WHERE person = $1 AND kind = 'terms' AND answer = 'accepted'`, a.Person, a.ID).Scan(&h.before, &h.terms)
	if err != nil {
		return h, fmt.Errorf("look for agreements: %w", err)
	}
	err = tx.Row(`
		SELECT hash FROM consents
		WHERE person = $1 AND kind = 'privacy' AND attempt <> $2 AND at > $3
		ORDER BY at DESC LIMIT 1`, a.Person, a.ID, db.Millis(tx.Now.Add(-remembered))).Scan(&h.seen)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return h, fmt.Errorf("look for agreements: %w", err)
	}
	return h, nil
}

// withdraw forgets what an attempt has agreed to before it declined.
func withdraw(tx *db.Tx, attempt string) error {
	_, err := tx.Exec(`DELETE FROM consents WHERE attempt = $1 AND answer = 'accepted'`, attempt)
	if err != nil {
		return fmt.Errorf("withdraw consents: %w", err)
	}
	return nil
}

// erase forgets what was said in an attempt.
func erase(tx *db.Tx, attempt string) error {
	if _, err := tx.Exec(`DELETE FROM consents WHERE attempt = $1`, attempt); err != nil {
		return fmt.Errorf("erase consents: %w", err)
	}
	return nil
}

// Retain keeps the agreements of an attempt that is about to be erased, if its person has other phones here: they stand
// for those too.
func (s *Site) Retain(tx *db.Tx, attempt string) error {
	var person string
	err := tx.Row(`SELECT person FROM consents WHERE attempt = $1 LIMIT 1`, attempt).Scan(&person)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for consents: %w", err)
	}
	n, err := mdm.PhonesOf(tx, person, "")
	if err != nil || n == 0 {
		return err
	}
	if _, err := tx.Exec(`UPDATE consents SET attempt = '' WHERE attempt = $1`, attempt); err != nil {
		return fmt.Errorf("retain consents: %w", err)
	}
	return nil
}

// ConsentQuery chooses consents. Empty fields choose all.
type ConsentQuery struct {
	Person, Kind string
	Before       string // cursor: the id of the last one of the page before
	Limit        int    // 0: all
}

// Consents lists what people said, the newest first.
func (s *Site) Consents(ctx context.Context, q ConsentQuery) ([]Consent, error) {
	if q.Limit <= 0 {
		q.Limit = 1 << 30
	}
	var list []Consent
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		list = nil
		rows, err := tx.Rows(`
			SELECT id, person, person_name, attempt, kind, answer, version, language, hash, address, at
			FROM consents
			WHERE ($1 = '' OR person = $1) AND ($2 = '' OR kind = $2) AND ($3 = '' OR id < $3)
			ORDER BY id DESC
			LIMIT $4`, q.Person, q.Kind, q.Before, q.Limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var c Consent
			var at int64
			if err := rows.Scan(&c.ID, &c.Person, &c.Name, &c.Attempt, &c.Kind, &c.Answer, &c.Version, &c.Language, &c.Hash, &c.Address, &at); err != nil {
				return err
			}
			c.At = db.Time(at)
			list = append(list, c)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list consents: %w", err)
	}
	return list, nil
}

// Standing is where somebody who has a phone here stands with the terms.
type Standing struct {
	mdm.Owner
	State string // "current", "outdated", "declined" or "none"
	// Version, Language, Hash and At are of the newest version that they accepted; zero for none.
	Version        int
	Language, Hash string
	At             time.Time
}

// The states of a Standing.
const (
	StandingCurrent  = "current"
	StandingOutdated = "outdated"
	StandingDeclined = "declined"
	StandingNone     = "none"
)

// Standings says of everybody who has a phone here, and of everybody who ever answered, whether they agreed to today's
// terms.
func (s *Site) Standings(ctx context.Context) (version int, date time.Time, list []Standing, err error) {
	words, err := s.Text.Current(ctx)
	if err != nil {
		return 0, time.Time{}, nil, err
	}
	t := words.Terms()
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		list = nil
		owners, err := mdm.Owners(tx)
		if err != nil {
			return err
		}
		at := map[string]int{}
		for _, o := range owners {
			at[o.Person] = len(list)
			list = append(list, Standing{Owner: o, State: StandingNone})
		}
		rows, err := tx.Rows(`
			SELECT person, person_name, answer, version, language, hash, at
			FROM consents
			WHERE kind = 'terms'
			ORDER BY id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var c Consent
			var when int64
			if err := rows.Scan(&c.Person, &c.Name, &c.Answer, &c.Version, &c.Language, &c.Hash, &when); err != nil {
				return err
			}
			c.At = db.Time(when)
			i, known := at[c.Person]
			if !known {
				i, at[c.Person] = len(list), len(list)
				list = append(list, Standing{Owner: mdm.Owner{Person: c.Person, Name: c.Name}, State: StandingNone})
			}
			list[i].said(c, t.Version)
		}
		return rows.Err()
	})
	if err != nil {
		return 0, time.Time{}, nil, fmt.Errorf("report on consents: %w", err)
	}
	return t.Version, t.Date, list, nil
}

// said takes in one answer, in the order of time.
func (s *Standing) said(c Consent, today int) {
	if c.Answer == Refused {
		if s.State != StandingCurrent {
			s.State = StandingDeclined
		}
		return
	}
	s.Version, s.Language, s.Hash, s.At = c.Version, c.Language, c.Hash, c.At
	if s.State = StandingOutdated; c.Version >= today {
		s.State = StandingCurrent
	}
}

// ConsentText is a text that somebody was shown, by its digest.
func (s *Site) ConsentText(ctx context.Context, hash string) (string, error) {
	var content string
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`SELECT content FROM consent_texts WHERE hash = $1`, hash).Scan(&content)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrNoText
	}
	if err != nil {
		return "", fmt.Errorf("read the text of a consent: %w", err)
	}
	return content, nil
}
