package pki

import (
	"context"
	"crypto/x509"
	"errors"
	"strconv"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

const (
	tendEvery = time.Hour
	tendLease = 2 * tendEvery
)

// Run renews the private TLS certificate in time and forgets expired challenges, until ctx ends. Among several processes one
// does it.
func (a *Authority) Run(ctx context.Context) error {
	ticker := time.NewTicker(tendEvery)
	defer ticker.Stop()
	for {
		if err := a.tend(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "certificates not tended", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (a *Authority) tend(ctx context.Context) error {
	if ours, err := a.db.Lease(ctx, "pki", tendLease); err != nil || !ours {
		return err
	}
	if err := a.db.Update(ctx, forgetChallenges); err != nil {
		return err
	}
	if _, err := a.certificate(ctx, true); err != nil {
		if errors.Is(err, ErrNoTLS) {
			return nil
		}
		return err
	}
	a.served.mu.Lock()
	hosts := a.served.hosts
	a.served.mu.Unlock()
	return a.EnsureTLS(ctx, hosts)
}

// Health looks at what runs out.
func (a *Authority) Health(ctx context.Context) []event.Finding {
	now := a.db.Now()
	findings := append(a.tlsHealth(ctx, now), authorityHealth(a.device.certificate, a.root.certificate, now)...)
	return append(findings, a.identityHealth(ctx)...)
}

// expiringSoon is how long before the end of a phone's identity somebody hears of it: its person has to enroll anew.
const expiringSoon = 45 * 24 * time.Hour

// identityHealth counts the phones whose identity ends soon. One that has a later identity as well is fine.
func (a *Authority) identityHealth(ctx context.Context) []event.Finding {
	var phones, first int64
	err := a.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`
			SELECT COUNT(DISTINCT i.enrollment), COALESCE(MIN(i.not_after), 0)
			FROM identities i
			WHERE i.enrollment <> '' AND i.revoked_at = 0 AND i.not_after > $1 AND i.not_after <= $2
				AND NOT EXISTS (
					SELECT 1 FROM identities l
					WHERE l.enrollment = i.enrollment AND l.enrollment <> '' AND l.revoked_at = 0 AND l.not_after > i.not_after)`,
			db.Millis(tx.Now), db.Millis(tx.Now.Add(expiringSoon))).Scan(&phones, &first)
	})
	if err != nil {
		a.log.ErrorContext(ctx, "identities not looked at", "err", err)
		return nil // a database that cannot be read has a finding of its own
	}
	if phones == 0 {
		return nil
	}
	return []event.Finding{{Code: "identities_expiring", Level: event.Attention, Params: map[string]string{
		"count": strconv.FormatInt(phones, 10), "expires": db.Time(first).UTC().Format(time.RFC3339),
	}, Filter: []string{
		"identity_not_after:before:" + a.db.Now().Add(expiringSoon).UTC().Format(time.RFC3339), "state:in:enrolled|quiet|asleep|probably_removed",
	}}}
}

func (a *Authority) tlsHealth(ctx context.Context, now time.Time) []event.Finding {
	info, err := a.TLS(ctx)
	if errors.Is(err, ErrNoTLS) {
		return []event.Finding{{Code: "tls.missing", Level: event.Broken}}
	}
	if err != nil {
		return []event.Finding{{Code: "tls.unreadable", Level: event.Broken, Params: map[string]string{"err": err.Error()}}}
	}
	f := expiry("tls", info.NotAfter, now, 30, 7)
	f.Params["source"] = info.Source
	findings := []event.Finding{f}
	a.served.mu.Lock()
	hosts := a.served.hosts
	a.served.mu.Unlock()
	for _, host := range info.Uncovered {
		if host == hosts[0] { // on the other names, somebody else may answer
			findings = append(findings, event.Finding{Code: "tls.wrong_host", Level: event.Broken, Params: map[string]string{"host": host}})
		}
	}
	return findings
}

func authorityHealth(device, root *x509.Certificate, now time.Time) []event.Finding {
	if now.Before(device.NotBefore) || now.Before(root.NotBefore) {
		// The authorities were made before this moment, so it is the clock that is wrong.
		return []event.Finding{{Code: "clock.behind", Level: event.Broken, Params: map[string]string{"now": now.Format(time.RFC3339)}}}
	}
	// All identities end with it, those that it has shortened too: there is a year and a half to plan that.
	end := device.NotAfter
	if root.NotAfter.Before(end) {
		end = root.NotAfter
	}
	return []event.Finding{expiry("authority", end, now, 500, 60)}
}

// expiry is the finding about something that ends: good, expiring or expired.
func expiry(what string, end, now time.Time, attention, broken int) event.Finding {
	left := end.Sub(now)
	f := event.Finding{Code: what + ".valid", Level: event.Good, Params: map[string]string{"expires": end.UTC().Format(time.RFC3339)}}
	switch days := func(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }; {
	case left <= 0:
		f.Code, f.Level = what+".expired", event.Broken
	case left <= days(broken):
		f.Code, f.Level = what+".expiring", event.Broken
	case left <= days(attention):
		f.Code, f.Level = what+".expiring", event.Attention
	}
	return f
}
