package doctor

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/settings"
)

// secret is where a running rehearsal is kept: sealed, since whoever could write it could enroll unknown devices.
const secret = "rehearsal"

// running is a rehearsal under way: whom to believe, until when, and what to erase.
type running struct {
	Anchor     string    `json:"anchor"` // PEM
	Until      time.Time `json:"until"`
	Attempt    string    `json:"attempt,omitempty"`
	Enrollment string    `json:"enrollment,omitempty"`
}

// Anchors is the device of the rehearsal that runs at the moment, for enroll to believe.
func (d *Doctor) Anchors(tx *db.Tx) ([]*x509.Certificate, error) {
	r, ok, err := d.running(tx)
	if err != nil || !ok || !tx.Now.Before(r.Until) {
		return nil, err
	}
	block, _ := pem.Decode([]byte(r.Anchor))
	if block == nil {
		return nil, errors.New("the device of the rehearsal is not PEM")
	}
	anchor, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the device of the rehearsal: %w", err)
	}
	return []*x509.Certificate{anchor}, nil
}

func (d *Doctor) running(tx *db.Tx) (r running, ok bool, err error) {
	b, err := d.Settings.Secret(tx, secret)
	if errors.Is(err, settings.ErrNoSecret) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("read the running rehearsal: %w", err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, false, fmt.Errorf("read the running rehearsal: %w", err)
	}
	return r, true, nil
}

func (d *Doctor) keep(tx *db.Tx, r running) error {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("keep the running rehearsal: %w", err)
	}
	return d.Settings.SetSecret(tx, secret, b)
}

// begin announces a rehearsal, if no other runs.
func (d *Doctor) begin(ctx context.Context, anchor []byte) error {
	return d.DB.Update(ctx, func(tx *db.Tx) error {
		if _, ok, err := d.running(tx); err != nil || ok {
			return errors.Join(err, ErrRunning)
		}
		return d.keep(tx, running{Anchor: string(anchor), Until: tx.Now.Add(longest)})
	})
}

// remember notes what must be erased, so that also a later process can.
func (d *Doctor) remember(ctx context.Context, challenge, enrollment string) error {
	attempt, err := d.attemptOf(ctx, challenge)
	if err != nil {
		return err
	}
	return d.DB.Update(ctx, func(tx *db.Tx) error {
		r, ok, err := d.running(tx)
		if err != nil || !ok {
			return err
		}
		r.Attempt, r.Enrollment = attempt, enrollment
		return d.keep(tx, r)
	})
}

// finish ends the rehearsal and erases what it made.
func (d *Doctor) finish(ctx context.Context, enrollment string) error {
	return d.erase(ctx, func(*db.Tx, running) bool { return true }, enrollment)
}

// sweep erases what a rehearsal left whose process has died.
func (d *Doctor) sweep(ctx context.Context) error {
	return d.erase(ctx, func(tx *db.Tx, r running) bool { return !tx.Now.Before(r.Until) }, "")
}

func (d *Doctor) erase(ctx context.Context, due func(*db.Tx, running) bool, enrollment string) error {
	var r running
	err := d.DB.View(ctx, func(tx *db.Tx) error {
		found, ok, err := d.running(tx)
		if ok && due(tx, found) {
			r = found
		}
		return err
	})
	if err != nil || r.Anchor == "" {
		return err
	}
	enrollments, err := d.enrollmentsOf(ctx, r, enrollment)
	if err != nil {
		return err
	}
	err = d.DB.Update(ctx, func(tx *db.Tx) error {
		for _, id := range enrollments {
			if err := errors.Join(d.MDM.Erase(tx, id), d.Events.Forget(tx, "", id)); err != nil {
				return err
			}
		}
		if r.Attempt != "" {
			err := errors.Join(d.PKI.Erase(tx, r.Attempt), d.Enroll.Erase(tx, r.Attempt), d.Events.Forget(tx, r.Attempt, ""))
			if err != nil {
				return err
			}
		}
		return d.Settings.SetSecret(tx, secret, nil)
	})
	if err != nil {
		return fmt.Errorf("erase the rehearsal: %w", err)
	}
	return nil
}

// enrollmentsOf are the enrollments a rehearsal has made: what the phone says, what was noted, and what the attempt knows.
func (d *Doctor) enrollmentsOf(ctx context.Context, r running, enrollment string) ([]string, error) {
	set := map[string]bool{enrollment: true, r.Enrollment: true}
	if r.Attempt != "" {
		attempts, err := d.Enroll.Attempts(ctx, enroll.AttemptQuery{ID: r.Attempt})
		if err != nil {
			return nil, err
		}
		for _, a := range attempts {
			set[a.Enrollment] = true
		}
	}
	delete(set, "")
	list := make([]string, 0, len(set))
	for id := range set {
		list = append(list, id)
	}
	return list, nil
}
