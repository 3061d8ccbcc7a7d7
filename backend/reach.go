package backend

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"
)

// reachable says whether a phone would get an answer: this computer has a network, and our listener serves and can write.
// What lies between here and the phone only the doctor looks at, and only when somebody asks.
func (b *Backend) reachable(ctx context.Context) error {
	address := b.PublicAddr()
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("phones are not served: %w", err)
	}
	if !at.Addr().IsLoopback() && !networked() {
		return errors.New("this computer has no network")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+"/healthz", nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, // it is us; the question is whether we answer
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("our own listener does not answer: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("our own listener answers %s", answer.Status)
	}
	return nil
}

// networked says whether this computer has an address under which another one could reach it. In doubt it has.
func networked() bool {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return true
	}
	return slices.ContainsFunc(list, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.IsGlobalUnicast()
	})
}
