package sim

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	mrand "math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/jimlambrt/gldap"
)

// LDAPOptions describe a directory.
type LDAPOptions struct {
	BaseDN   string              // default dc=example,dc=org
	Domain   string              // of the mail addresses; default example.org
	Password string              // of everybody who has none of their own; default "correct-horse-7"
	People   []LDAPPerson        // default: a small town
	Groups   map[string][]string // cn to uids, or to other groups as "cn=…"; default: staff with everybody
	// ManagedAttribute carries the Managed Apple Account; default managedAppleAccount.
	ManagedAttribute string
	// SizeLimit ends a search that is not paged; default 500.
	SizeLimit int
}

// LDAPPerson is an entry below ou=people.
type LDAPPerson struct {
	UID, Name, Given, Surname, Mail string
	ManagedAccount                  string
	Password                        string
	// State is "", or one of: locked, expired, mustchange (with the password policy control, as OpenLDAP says it),
	// disabled (in Active Directory's words).
	State string
}

// LDAP is a directory server that behaves as OpenLDAP does where it matters: no simple bind without TLS, nothing for
// anonymous readers, memberOf on request, the password policy control, paging.
type LDAP struct {
	o       LDAPOptions
	ca      *x509.Certificate
	entries []entry
	plain   *door // StartTLS
	secure  *door // TLS from the start

	mu       sync.Mutex
	searches []string
	binds    []string
	down     bool
}

// door is one listener, and a server of the library behind it. The listener is ours, so that a test can close it at once
// and take the directory down and up.
type door struct {
	ldap     *LDAP
	server   *gldap.Server
	tls      *tls.Config
	secure   bool
	listener net.Listener
	back     string
	wg       sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]bool
	talks  map[int]*talk
	closed bool
}

// talk is what one connection has come to.
type talk struct {
	encrypted bool
	boundAs   string
	mayNot    bool // must change the password first
}

// NewLDAP starts a directory on loopback.
func NewLDAP(o LDAPOptions) (*LDAP, error) {
	o.BaseDN, o.Domain = or(o.BaseDN, "dc=example,dc=org"), or(o.Domain, "example.org")
	o.Password, o.ManagedAttribute = or(o.Password, "correct-horse-7"), or(o.ManagedAttribute, "managedAppleAccount")
	if o.SizeLimit == 0 {
		o.SizeLimit = 500
	}
	if o.People == nil {
		for _, c := range citizens(mrand.New(mrand.NewPCG(1, 1)), len(someNames)) {
			o.People = append(o.People, LDAPPerson{
				UID: c.login, Name: c.name(), Given: c.given, Surname: c.surname, Mail: c.login + "@" + o.Domain,
			})
		}
	}
	o.People = slices.Clone(o.People)
	for i := range o.People {
		person := &o.People[i]
		person.Name, person.Password = or(person.Name, person.UID), or(person.Password, o.Password)
		person.Surname = or(person.Surname, person.Name)
	}
	if o.Groups == nil {
		everybody := []string{}
		for _, person := range o.People {
			everybody = append(everybody, person.UID)
		}
		o.Groups = map[string][]string{"staff": everybody}
	}
	l := &LDAP{o: o}
	l.entries = l.build()
	config, err := l.certificates()
	if err != nil {
		return nil, fmt.Errorf("start directory: %w", err)
	}
	if l.plain, err = l.open(config, false); err != nil {
		return nil, err
	}
	if l.secure, err = l.open(config, true); err != nil {
		_ = l.plain.close()
		return nil, err
	}
	return l, nil
}

// URL is the address with StartTLS.
func (l *LDAP) URL() string { return "ldap://" + l.plain.listener.Addr().String() }

// SecureURL is the address with TLS from the start.
func (l *LDAP) SecureURL() string { return "ldaps://" + l.secure.listener.Addr().String() }

// CAPEM is the authority of the directory's certificate, which is for localhost and 127.0.0.1.
func (l *LDAP) CAPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: l.ca.Raw})
}

// BaseDN is where the tree begins.
func (l *LDAP) BaseDN() string { return l.o.BaseDN }

// Reader is the account that may search.
func (l *LDAP) Reader() (dn, password string) {
	return "cn=reader,ou=services," + l.o.BaseDN, "reader-secret"
}

// GroupDN is the name of a group.
func (l *LDAP) GroupDN(cn string) string { return "cn=" + escapeDN(cn) + ",ou=groups," + l.o.BaseDN }

// People are the entries below ou=people, with their passwords.
func (l *LDAP) People() []LDAPPerson { return slices.Clone(l.o.People) }

// Searches are the filters of all searches so far, as they came.
func (l *LDAP) Searches() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.searches)
}

// Binds are the names of all binds so far.
func (l *LDAP) Binds() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.binds)
}

// Down takes the directory off the network, or brings it back.
func (l *LDAP) Down(down bool) {
	l.mu.Lock()
	l.down = down
	l.mu.Unlock()
	if down {
		l.plain.hangUp()
		l.secure.hangUp()
	}
}

// Close stops both listeners.
func (l *LDAP) Close() error {
	err := l.plain.close()
	if other := l.secure.close(); err == nil {
		err = other
	}
	return err
}

func (l *LDAP) certificates() (*tls.Config, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	caTemplate := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Simulated Directory Authority"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(5, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, caTemplate, caTemplate, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	if l.ca, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	leaf, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, l.ca, &key.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{leaf}, PrivateKey: key}}, MinVersion: tls.VersionTLS12,
	}, nil
}

// open starts one listener.
func (l *LDAP) open(config *tls.Config, secure bool) (*door, error) {
	d := &door{ldap: l, tls: config, secure: secure, conns: map[net.Conn]bool{}, talks: map[int]*talk{}}
	mux, err := gldap.NewMux()
	if err != nil {
		return nil, fmt.Errorf("start directory: %w", err)
	}
	for _, add := range []func() error{
		func() error { return mux.Bind(d.bind) },
		func() error { return mux.Search(d.search) },
		func() error { return mux.ExtendedOperation(d.startTLS, gldap.ExtendedOperationStartTLS) },
		func() error { return mux.DefaultRoute(d.other) },
	} {
		if err := add(); err != nil {
			return nil, fmt.Errorf("start directory: %w", err)
		}
	}
	// The library listens by itself and does not say where; we pick a free port for it, and again if it was taken meanwhile.
	for range 10 {
		if err = d.start(mux); err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("start directory: %w", err)
	}
	if d.listener, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("start directory: %w", err)
	}
	d.wg.Go(d.accept)
	return d, nil
}

func (d *door) start(mux *gldap.Mux) error {
	server, err := gldap.NewServer(
		gldap.WithLogger(hclog.NewNullLogger()),
		gldap.WithOnClose(func(id int) {
			d.mu.Lock()
			defer d.mu.Unlock()
			delete(d.talks, id)
		}))
	if err != nil {
		return err
	}
	if err := server.Router(mux); err != nil {
		return err
	}
	free, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	d.back = free.Addr().String()
	if err := free.Close(); err != nil {
		return err
	}
	failed := make(chan error, 1)
	d.wg.Go(func() {
		if d.secure {
			failed <- server.Run(d.back, gldap.WithTLSConfig(d.tls))
			return
		}
		failed <- server.Run(d.back)
	})
	for !server.Ready() {
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-failed:
		return err
	case <-time.After(5 * time.Millisecond):
	}
	d.server = server
	return nil
}

// accept carries connections through to the library.
func (d *door) accept() {
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.ldap.mu.Lock()
		down := d.ldap.down
		d.ldap.mu.Unlock()
		if down {
			_ = conn.Close()
			continue
		}
		back, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", d.back)
		if err != nil {
			_ = conn.Close()
			continue
		}
		d.mu.Lock()
		if d.closed {
			d.mu.Unlock()
			_ = conn.Close()
			_ = back.Close()
			return
		}
		d.conns[conn], d.conns[back] = true, true
		d.mu.Unlock()
		d.wg.Go(func() { d.carry(conn, back) })
		d.wg.Go(func() { d.carry(back, conn) })
	}
}

// carry copies one direction; the end of one is the end of both.
func (d *door) carry(to, from net.Conn) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, werr := to.Write(buffer[:n]); werr != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	_ = to.Close() // closing twice says so, and nobody minds
	_ = from.Close()
	d.mu.Lock()
	delete(d.conns, to)
	delete(d.conns, from)
	d.mu.Unlock()
}

func (d *door) hangUp() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for conn := range d.conns {
		_ = conn.Close()
	}
}

func (d *door) close() error {
	err := d.listener.Close()
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.hangUp()
	if stop := d.server.Stop(); err == nil {
		err = stop
	}
	d.wg.Wait()
	return err
}

func (d *door) talk(id int) *talk {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.talks[id] == nil {
		d.talks[id] = &talk{encrypted: d.secure}
	}
	return d.talks[id]
}

func escapeDN(s string) string {
	return strings.NewReplacer(`\`, `\\`, ",", `\,`, "+", `\+`, `"`, `\"`, "<", `\<`, ">", `\>`, ";", `\;`, "=", `\=`).Replace(s)
}
