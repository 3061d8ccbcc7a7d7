package cli

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"example.org/gatehouse/app/key"
	"example.org/gatehouse/backend"
	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/frontend"
)

func (p *program) serveCommand() *cobra.Command {
	var listen, screens string
	var anchors []string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve phones, and the screens to browsers on this computer",
		Long: `Runs until it is told to stop (SIGTERM, SIGINT, Ctrl-C), then lets requests in flight finish. Standard output gets a
"ready" line for each address as soon as it is served; the admin address carries the token that opens it. The log goes to
standard error. Without a set-up, the screens are served alone: they ask the first questions.`,
		Example: `  gatehoused serve --listen :8443 --admin 127.0.0.1:8444`,
		RunE: func(c *cobra.Command, _ []string) error {
			data, err := p.folder()
			if err != nil {
				return err
			}
			k, err := key.Open(data, false)
			if err != nil {
				return err
			}
			config := backend.Config{
				Data: data, Database: p.database, Listen: listen, Admin: screens, Key: k.Bytes(),
				Log: p.log(), Screens: frontend.Dist(),
			}
			config.Version, config.Commit = Version()
			if config.Anchors, err = readAnchors(anchors); err != nil {
				return err
			}
			b, err := p.openToServe(c.Context(), config)
			if err != nil {
				return err
			}
			return errors.Join(p.runBackend(c.Context(), b), b.Close())
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8443", "address for phones")
	c.Flags().StringVar(&screens, "admin", "127.0.0.1:8444", "address for the screens, on this computer only")
	c.Flags().StringArrayVar(&anchors, "device-anchor", nil, "accept enrollment requests signed under this authority too (PEM); can be repeated")
	return c
}

// log is the log of a server: standard error, for whoever started it.
func (p *program) log() *slog.Logger {
	level := slog.LevelInfo
	if p.quiet {
		level = slog.LevelWarn
	}
	return slog.New(slog.NewTextHandler(p.problems, &slog.HandlerOptions{Level: level}))
}

// openToServe opens the backend. A command that has the folder for a moment is waited for, a server is not.
func (p *program) openToServe(ctx context.Context, c backend.Config) (*backend.Backend, error) {
	for end := time.Now().Add(patience); ; {
		b, err := backend.Open(ctx, c)
		var held *backend.HeldError
		switch {
		case err == nil:
			return b, nil
		case !errors.As(err, &held):
			return nil, err
		case held.Running.PID != 0 && alive(ctx, held.Running):
			return nil, fmt.Errorf("another Gatehouse serves this data already: process %d, phones at %s, screens at %s; stop it first, or choose another folder with --data",
				held.Running.PID, orNone(held.Running.Public), orNone(held.Running.Admin))
		case time.Now().After(end):
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func orNone(address string) string {
	if address == "" {
		return "no address yet"
	}
	return address
}

// runBackend serves until ctx ends, and says where.
func (p *program) runBackend(ctx context.Context, b *backend.Backend) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	told := make(chan struct{})
	go func() {
		defer close(told)
		p.tell(ctx, b)
	}()
	err := b.Run(ctx)
	cancel()
	<-told
	return err
}

// tell prints a line for each address once it is served. Phones may have to wait for the set-up.
func (p *program) tell(ctx context.Context, b *backend.Backend) {
	select {
	case <-ctx.Done():
		return
	case <-b.Ready():
	}
	public := b.PublicAddr()
	if public != "" {
		p.printf("ready public https://%s\n", public)
	}
	if address := b.AdminAddr(); address != "" {
		p.printf("ready admin http://%s/?token=%s\n", address, b.Token())
	}
	for public == "" {
		select {
		case <-ctx.Done():
			return
		case <-time.After(200 * time.Millisecond):
		}
		if public = b.PublicAddr(); public != "" {
			p.printf("ready public https://%s\n", public)
		}
	}
}

func readAnchors(files []string) ([]*x509.Certificate, error) {
	var anchors []*x509.Certificate
	for _, name := range files {
		rest, err := readFile(name)
		if err != nil {
			return nil, err
		}
		before := len(anchors)
		for block := (*pem.Block)(nil); ; {
			if block, rest = pem.Decode(rest); block == nil {
				break
			}
			if block.Type != "CERTIFICATE" {
				continue
			}
			anchor, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("read the authority in %s: %w", filepath.Base(name), err)
			}
			anchors = append(anchors, anchor)
		}
		if len(anchors) == before {
			return nil, fmt.Errorf("%s has no certificate in PEM", name)
		}
	}
	return anchors, nil
}

// alive says whether a server answers where it said that it would: after a crash the note of the last one is still there.
func alive(ctx context.Context, r backend.Running) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := call[admin.Version](ctx, outside(r), http.MethodGet, "/version", nil)
	return err == nil
}
