package directory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/go-ldap/ldap/v3"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/settings"
)

const (
	dialTimeout   = 5 * time.Second  // until the server accepts and TLS is up
	answerTimeout = 8 * time.Second  // for one answer
	visitTimeout  = 20 * time.Second // for all of a sign-in: a person waits
	maxLines      = 16               // connections at a time; directories count them
)

// errReader says that the directory does not let our own account in. People get "unavailable"; the administrator
// reads this.
var errReader = errors.New("the directory refuses the account that we search with")

// visit is one connection to the directory, on which we are our reader until [visit.bind].
type visit struct {
	*ldap.Conn
	conf  settings.LDAP
	above map[string][]string // groups that were found to have somebody, by base and member
}

// open connects and becomes the reader. The caller closes the visit by leave.
func (d *Directory) open(ctx context.Context, conf settings.LDAP) (v *visit, leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, visitTimeout)
	select {
	case d.lines <- struct{}{}:
	case <-ctx.Done():
		cancel()
		return nil, nil, ErrBusy
	}
	conn, hangUp, err := connect(ctx, conf)
	leave = func() {
		hangUp()
		cancel()
		<-d.lines
	}
	if err != nil {
		leave()
		return nil, nil, err
	}
	v = &visit{Conn: conn, conf: conf}
	if err := d.becomeReader(ctx, v); err != nil {
		leave()
		return nil, nil, err
	}
	return v, leave, nil
}

// connect opens the connection, encrypted where the settings say so. It ends with hangUp, which is never nil, or with
// the context.
func connect(ctx context.Context, conf settings.LDAP) (conn *ldap.Conn, hangUp func(), err error) {
	none := func() {}
	u, err := url.Parse(conf.URL)
	if err != nil {
		return nil, none, fmt.Errorf("read the directory's address: %w", err)
	}
	secure, err := tlsConfig(conf, u.Hostname())
	if err != nil {
		return nil, none, err
	}
	line, err := ldap.DialURL(conf.URL, ldap.DialWithTLSConfig(secure), ldap.DialWithDialer(&net.Dialer{Timeout: dialTimeout}))
	if err != nil {
		return nil, none, fmt.Errorf("connect to the directory: %w", err)
	}
	line.SetTimeout(answerTimeout)
	stop := context.AfterFunc(ctx, func() { _ = line.Close() })
	hangUp = func() {
		stop()
		_ = line.Close()
	}
	if conf.StartTLS {
		if err := line.StartTLS(secure); err != nil {
			return nil, hangUp, fmt.Errorf("encrypt the connection to the directory: %w", err)
		}
	}
	return line, hangUp, nil
}

func tlsConfig(conf settings.LDAP, host string) (*tls.Config, error) {
	c := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if conf.CA != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(conf.CA)) {
			return nil, errors.New("read the directory's authority: no certificate in it")
		}
	}
	return c, nil
}

func (d *Directory) becomeReader(ctx context.Context, v *visit) error {
	if v.conf.BindDN == "" {
		return nil // the directory lets anybody search
	}
	var password []byte
	err := d.db.View(ctx, func(tx *db.Tx) (err error) {
		password, err = d.settings.Secret(tx, settings.BindPassword)
		return err
	})
	if err != nil {
		return fmt.Errorf("open the directory's bind password: %w", err)
	}
	if len(password) == 0 {
		return fmt.Errorf("%w: its password is empty", errReader) // a bind without a password proves nothing (RFC 4513, 5.1.2)
	}
	if err := v.Bind(v.conf.BindDN, string(password)); err != nil {
		if ldap.IsErrorAnyOf(err, ldap.LDAPResultInvalidCredentials, ldap.LDAPResultNoSuchObject, ldap.LDAPResultInappropriateAuthentication) {
			return fmt.Errorf("%w: %w", errReader, err)
		}
		return fmt.Errorf("sign in to the directory as its reader: %w", err)
	}
	return nil
}

// readAgain makes us the reader after somebody else has signed in on the same connection.
func (d *Directory) readAgain(ctx context.Context, v *visit) error {
	if v.conf.BindDN != "" {
		return d.becomeReader(ctx, v)
	}
	if err := v.UnauthenticatedBind(""); err != nil { // anonymous (RFC 4513, 5.1.1)
		return fmt.Errorf("read the directory as nobody: %w", err)
	}
	return nil
}

// plain says whether passwords would cross a network in the clear.
func plain(conf settings.LDAP) bool {
	u, err := url.Parse(conf.URL)
	if err != nil || u.Scheme != "ldap" || conf.StartTLS {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())
}
