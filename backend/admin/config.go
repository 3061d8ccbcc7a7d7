package admin

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/pki"
	"example.org/gatehouse/backend/settings"
)

// Settings is the whole document.
func (a *API) Settings(ctx context.Context, _ *None) (*settings.Settings, error) {
	now, err := a.Config.Settings.Get(ctx)
	return &now, err
}

// ChangeSettings replaces the whole document.
func (a *API) ChangeSettings(ctx context.Context, in *SettingsIn) (*settings.Settings, error) {
	err := a.Config.Settings.Change(ctx, in.Force, func(s *settings.Settings) error {
		*s = in.Body
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.Settings(ctx, nil)
}

// TLS is the certificate that phones see.
func (a *API) TLS(ctx context.Context, _ *None) (*TLS, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	return serverCertificate(ctx, r)
}

func serverCertificate(ctx context.Context, r Rooms) (*TLS, error) {
	info, err := r.PKI.TLS(ctx)
	if err != nil {
		return nil, err
	}
	return viewTLS(info), nil
}

func viewTLS(info pki.TLSInfo) *TLS {
	return &TLS{
		Private: info.Source == pki.TLSPrivate, Hosts: list(info.Names), Missing: list(info.Uncovered), Incomplete: info.Incomplete,
		Issuer:    info.Issuer,
		NotBefore: info.NotBefore, NotAfter: info.NotAfter, Fingerprint: info.Fingerprint,
	}
}

// list is never null in JSON.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// ImportTLS gives the server another certificate.
func (a *API) ImportTLS(ctx context.Context, in *ImportTLSIn) (*TLS, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	info, err := r.PKI.ImportTLS(ctx, []byte(in.Body.Certificate), []byte(in.Body.Key))
	if err != nil {
		return nil, err
	}
	return viewTLS(info), nil
}

// TrustAnchor is the root certificate of the private authority.
func (a *API) TrustAnchor(_ context.Context, _ *None) (*TrustAnchor, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	anchor := r.PKI.Anchor()
	digest := sha256.Sum256(anchor.Raw)
	return &TrustAnchor{
		PEM: string(r.PKI.AnchorPEM()), Name: anchor.Subject.CommonName, FileName: "gatehouse-trust.pem",
		Fingerprint: hex.EncodeToString(digest[:]), NotAfter: anchor.NotAfter, Needed: r.PKI.PrivateTLS(),
	}, nil
}

// PushCertificate is the push certificate, if there is one.
func (a *API) PushCertificate(ctx context.Context, _ *None) (*PushState, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	certificate, err := a.push(ctx, r)
	if err != nil {
		return nil, err
	}
	state := &PushState{Certificate: certificate, Warnings: []Finding{}}
	for _, f := range r.APNS.Health(ctx) {
		if f.Level != event.Good {
			state.Warnings = append(state.Warnings, finding(f))
		}
	}
	return state, nil
}

// push is the push certificate, or nil.
func (a *API) push(ctx context.Context, r Rooms) (*Push, error) {
	var c apns.Certificate
	err := a.DB.View(ctx, func(tx *db.Tx) (err error) {
		c, err = r.APNS.Current(tx)
		return err
	})
	if errors.Is(err, apns.ErrNoCertificate) {
		return nil, nil //nolint:nilnil // having none is an ordinary answer
	}
	if err != nil {
		return nil, err
	}
	return a.viewPush(c), nil
}

func (a *API) viewPush(c apns.Certificate) *Push {
	return &Push{
		Topic: c.Topic, Account: c.Account, Issuer: c.Issuer, NotBefore: c.NotBefore, NotAfter: c.NotAfter,
		ImportedAt: c.ImportedAt, DaysLeft: max(0, int(c.NotAfter.Sub(a.DB.Now())/(24*time.Hour))),
	}
}

// ImportPush stores the push certificate.
func (a *API) ImportPush(ctx context.Context, in *ImportPushIn) (*PushState, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	bundle, err := in.bundle()
	if err != nil {
		return nil, err
	}
	c, warnings, err := r.APNS.Import(ctx, bundle, in.Body.Account, in.Force)
	if err != nil {
		return nil, err
	}
	return &PushState{Certificate: a.viewPush(c), Warnings: pushWarnings(warnings, c)}, nil
}

func (in *ImportPushIn) bundle() (apns.Bundle, error) {
	if len(in.Body.PKCS12) > 0 {
		return apns.ParsePKCS12(in.Body.PKCS12, in.Body.Passphrase)
	}
	return apns.Parse(file(in.Body.Certificate), file(in.Body.Key))
}

// file is the content of a file that travels as text: PEM as it is, anything else in base64.
func file(text string) []byte {
	if b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err == nil {
		return b
	}
	return []byte(text)
}

func pushWarnings(warnings []apns.Warning, c apns.Certificate) []Finding {
	list := []Finding{}
	for _, w := range warnings {
		list = append(list, Finding{
			Code: "push_" + string(w), Level: string(event.Attention), Action: "push_certificate",
			Params: map[string]string{"issuer": c.Issuer, "not_after": c.NotAfter.UTC().Format(time.RFC3339)},
		})
	}
	return list
}

// Directory is the LDAP directory as it is set.
func (a *API) Directory(ctx context.Context, _ *None) (*DirectoryState, error) {
	state := &DirectoryState{}
	err := a.DB.View(ctx, func(tx *db.Tx) error {
		now, err := a.Config.Settings.In(tx)
		if err != nil {
			return err
		}
		state.Directory = now.Directory
		_, err = a.Config.Settings.Secret(tx, settings.BindPassword)
		state.BindPasswordSet = err == nil
		if errors.Is(err, settings.ErrNoSecret) {
			return nil
		}
		return err
	})
	return state, err
}

// ChangeDirectory sets the LDAP directory and, if it is given, the password with which we read it, in one go.
func (a *API) ChangeDirectory(ctx context.Context, in *DirectoryIn) (*DirectoryState, error) {
	err := a.DB.Update(ctx, func(tx *db.Tx) error {
		if in.Body.BindPassword != nil {
			if err := a.Config.Settings.SetSecret(tx, settings.BindPassword, []byte(*in.Body.BindPassword)); err != nil {
				return err
			}
		}
		return a.Config.Settings.ChangeIn(tx, false, func(s *settings.Settings) error {
			s.Directory = in.Body.Directory
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return a.Directory(ctx, nil)
}

// TestDirectory says what the directory has about somebody, and whether their sign-in works.
func (a *API) TestDirectory(ctx context.Context, in *TestDirectoryIn) (*DirectoryTest, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	report, err := r.Directory.TestLDAP(ctx, in.Body.Identifier, in.Body.Password)
	if err != nil {
		return nil, err
	}
	view := &DirectoryTest{
		OK: report.OK(), Steps: []TestStep{}, DN: report.DN, ManagedAccount: report.ManagedAccount,
		Member: report.Member, Attributes: map[string]string{},
	}
	for _, s := range report.Steps {
		view.Steps = append(view.Steps, TestStep{Name: s.Name, OK: s.OK, Detail: s.Detail, Params: map[string]string{}})
	}
	for name, values := range report.Attributes {
		view.Attributes[name] = strings.Join(values, ", ")
	}
	return view, nil
}
