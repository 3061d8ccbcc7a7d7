package cli

import (
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
)

func (p *program) initCommand() *cobra.Command {
	var in admin.SetUpIn
	body := &in.Body
	c := &cobra.Command{
		Use:   "init --organization NAME --domain DOMAIN --url https://HOST[:PORT]",
		Short: "Set up a new Gatehouse: data folder, database, authorities and a certificate",
		Long: `Makes the data folder, the database, the authorities and a TLS certificate of the private authority for the host
in --url and for each --domain. It refuses to touch a Gatehouse that is there already.`,
		Example: `  gatehoused init --organization "Example Inc." --domain example.com --url https://mdm.example.com:8443`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := needed(c, "organization", "domain", "url"); err != nil {
				return err
			}
			return p.initialize(c, in)
		},
	}
	c.Flags().StringVar(&body.Organization, "organization", "", "name of the organization, as employees know it")
	c.Flags().StringArrayVar(&body.Domains, "domain", nil, "email domain of the people who enroll; can be repeated")
	c.Flags().StringVar(&body.URL, "url", "", "address that phones use; it cannot change while phones are enrolled")
	c.Flags().StringVar(&body.Language, "language", "en", "language of the portal for phones that ask for none we have")
	return c
}

func (p *program) initialize(c *cobra.Command, in admin.SetUpIn) error {
	data, err := p.folder()
	if err != nil {
		return err
	}
	_, statErr := os.Stat(data)
	d, err := p.openAt(c.Context(), data)
	if err != nil {
		return err
	}
	_, err = call[admin.SetupState](c.Context(), d, http.MethodPost, "/setup", in.Body)
	if err = errors.Join(err, d.close()); err != nil {
		var no *refused
		if errors.As(err, &no) && no.Code == admin.AlreadySet {
			return fmt.Errorf("there is a Gatehouse in %s already, and init does not touch it: choose another folder with --data", data)
		}
		// A refused answer leaves no half-made folder behind. With a database elsewhere the key in it may be in use already.
		if errors.Is(statErr, os.ErrNotExist) && p.database == "" {
			err = errors.Join(err, os.RemoveAll(data))
		}
		return err
	}
	made := struct {
		Data    string   `json:"data"`
		URL     string   `json:"url"`
		Domains []string `json:"domains"`
	}{data, in.Body.URL, in.Body.Domains}
	return p.show(made, func() {
		p.say("Gatehouse is set up in %s. Next: push-certificate import, people add, serve.", data)
	})
}
