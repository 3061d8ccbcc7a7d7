package cli

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
)

func (p *program) trustAnchorCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "trust-anchor",
		Short:   "Print the private authority's root certificate, which phones must trust (PEM)",
		Example: `  gatehoused trust-anchor > gatehouse-trust.pem`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), func(d *door) error {
				anchor, err := call[admin.TrustAnchor](c.Context(), d, http.MethodGet, "/trust-anchor", nil)
				if err != nil {
					return err
				}
				return p.show(anchor, func() { p.printf("%s", anchor.PEM) })
			})
		},
	}
}

func (p *program) pushCertificateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "push-certificate",
		Short:   "Apple's push certificate, which lets us wake phones",
		Example: `  gatehoused push-certificate import --cert push.pem --key push.key --account it@example.com`,
	}
	c.AddCommand(p.pushImportCommand(), &cobra.Command{
		Use:     "show",
		Short:   "Show topic, account and expiry",
		Example: `  gatehoused push-certificate show --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), func(d *door) error {
				state, err := call[admin.PushState](c.Context(), d, http.MethodGet, "/push-certificate", nil)
				if err != nil {
					return err
				}
				if state.Certificate == nil {
					return fmt.Errorf("there is no push certificate yet: get one at identity.apple.com/pushcert and bring it in with push-certificate import")
				}
				return p.showPush(state)
			})
		},
	})
	return c
}

func (p *program) pushImportCommand() *cobra.Command {
	var certificate, private, pkcs12, account string
	var force bool
	c := &cobra.Command{
		Use:   "import {--cert FILE --key FILE | --pkcs12 FILE}",
		Short: "Bring in a push certificate with its key",
		Long: `The topic is read from the certificate. Another topic than the present one is refused while phones are enrolled: they
could never be woken again. The passphrase of a PKCS #12 file comes from standard input.`,
		Example: `  gatehoused push-certificate import --cert push.pem --key push.key --account it@example.com
  gatehoused push-certificate import --pkcs12 push.p12 --account it@example.com < passphrase.txt`,
		RunE: func(c *cobra.Command, _ []string) error {
			if (pkcs12 == "") == (certificate == "" || private == "") {
				return misuse(c, "give --cert and --key, or --pkcs12")
			}
			var in admin.ImportPushIn
			in.Body.Account = account
			if err := p.readPush(&in, certificate, private, pkcs12); err != nil {
				return err
			}
			return p.with(c.Context(), func(d *door) error {
				path := "/push-certificate"
				if force {
					path += "?force=true"
				}
				state, err := call[admin.PushState](c.Context(), d, http.MethodPost, path, in.Body)
				if err != nil {
					return err
				}
				return p.showPush(state)
			})
		},
	}
	c.Flags().StringVar(&certificate, "cert", "", "certificate (PEM or DER)")
	c.Flags().StringVar(&private, "key", "", "its key (PEM or DER, not encrypted)")
	c.Flags().StringVar(&pkcs12, "pkcs12", "", "both in a PKCS #12 file; the passphrase on standard input")
	c.Flags().StringVar(&account, "account", "", "Apple account that made the certificate; whoever renews it needs it")
	c.Flags().BoolVar(&force, "force", false, "also another topic: enrolled phones can never be woken again")
	return c
}

func (p *program) readPush(in *admin.ImportPushIn, certificate, private, pkcs12 string) (err error) {
	if pkcs12 != "" {
		if in.Body.PKCS12, err = readFile(pkcs12); err == nil {
			in.Body.Passphrase, err = p.secret("Passphrase")
		}
		return err
	}
	if in.Body.Certificate, err = readText(certificate); err == nil {
		in.Body.Key, err = readText(private)
	}
	return err
}

// readText reads a file that travels as text: PEM as it is, anything else in base64.
func readText(name string) (string, error) {
	b, err := readFile(name)
	if err == nil && !strings.Contains(string(b), "-----BEGIN") {
		return base64.StdEncoding.EncodeToString(b), nil
	}
	return string(b), err
}

func (p *program) showPush(s *admin.PushState) error {
	flat := struct {
		*admin.Push
		Warnings []admin.Finding `json:"warnings"`
	}{s.Certificate, s.Warnings}
	return p.show(flat, func() {
		p.line("topic", s.Certificate.Topic)
		p.line("expires", s.Certificate.NotAfter)
		p.line("account", s.Certificate.Account)
		p.line("issuer", s.Certificate.Issuer)
		for _, w := range s.Warnings {
			p.line("warning", sentence(w))
		}
	})
}

func (p *program) tlsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "tls",
		Short:   "The server's certificate, which phones see",
		Example: `  gatehoused tls import --cert fullchain.pem --key privkey.pem`,
	}
	var certificate, private string
	bring := &cobra.Command{
		Use:     "import --cert FILE --key FILE",
		Short:   "Use a certificate of a public authority",
		Example: `  gatehoused tls import --cert fullchain.pem --key privkey.pem`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := needed(c, "cert", "key"); err != nil {
				return err
			}
			var in admin.ImportTLSIn
			var err error
			if in.Body.Certificate, err = readText(certificate); err != nil {
				return err
			}
			if in.Body.Key, err = readText(private); err != nil {
				return err
			}
			return p.with(c.Context(), func(d *door) error {
				info, err := call[admin.TLS](c.Context(), d, http.MethodPost, "/tls", in.Body)
				if err != nil {
					return err
				}
				return p.showTLS(info)
			})
		},
	}
	bring.Flags().StringVar(&certificate, "cert", "", "certificate and its chain (PEM)")
	bring.Flags().StringVar(&private, "key", "", "its key (PEM, not encrypted)")
	c.AddCommand(bring, &cobra.Command{
		Use:     "show",
		Short:   "Show names, issuer and expiry",
		Example: `  gatehoused tls show --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), func(d *door) error {
				info, err := call[admin.TLS](c.Context(), d, http.MethodGet, "/tls", nil)
				if err != nil {
					return err
				}
				return p.showTLS(info)
			})
		},
	})
	return c
}

func (p *program) showTLS(t *admin.TLS) error {
	return p.show(t, func() {
		p.line("names", strings.Join(t.Hosts, ", "))
		p.line("issuer", t.Issuer)
		p.line("expires", t.NotAfter)
		p.line("fingerprint", t.Fingerprint)
		p.line("missing names", strings.Join(t.Missing, ", "))
		if t.Private {
			p.line("trust", "our own authority: phones must trust it first, see trust-anchor")
		}
	})
}
