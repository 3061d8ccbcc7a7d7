package cli

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
)

func (p *program) directoryCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "directory",
		Short:   "The directory in which people sign in",
		Example: `  gatehoused directory test anna@example.com`,
	}
	set := &cobra.Command{
		Use:     "set",
		Short:   "Say where the directory is",
		Example: `  gatehoused directory set ldap --url ldaps://ldap.example.com --base dc=example,dc=com`,
	}
	set.AddCommand(p.setLDAPCommand())
	c.AddCommand(set, p.testDirectoryCommand())
	return c
}

func (p *program) setLDAPCommand() *cobra.Command {
	var in admin.DirectoryIn
	var ca string
	var withPassword bool
	ldap := &in.Body.Directory
	c := &cobra.Command{
		Use:   "ldap --url ldaps://HOST[:PORT] --base DN",
		Short: "Use an LDAP directory: people sign in with their password there",
		Long: `Replaces what was set before. The password with which we read the directory stays as it is unless --bind-password-stdin
is given. To use local accounts alone again: settings set directory.enabled false.`,
		Example: `  gatehoused directory set ldap --url ldaps://ldap.example.com --base dc=example,dc=com \
    --bind-dn cn=reader,dc=example,dc=com --bind-password-stdin < password.txt`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := needed(c, "url", "base"); err != nil {
				return err
			}
			ldap.Enabled = true
			if ca != "" {
				b, err := readFile(ca)
				if err != nil {
					return err
				}
				ldap.CA = string(b)
			}
			if withPassword {
				password, err := p.needSecret("Bind password")
				if err != nil {
					return err
				}
				in.Body.BindPassword = &password
			}
			return p.with(c.Context(), func(d *door) error {
				state, err := call[admin.DirectoryState](c.Context(), d, http.MethodPut, "/directory", in.Body)
				if err != nil {
					return err
				}
				return p.show(state, func() { p.say("People sign in at %s. Try it: directory test IDENTIFIER", state.Directory.URL) })
			})
		},
	}
	f := c.Flags()
	f.StringVar(&ldap.URL, "url", "", "ldaps://HOST[:PORT] or ldap://HOST[:PORT]")
	f.StringVar(&ldap.BaseDN, "base", "", "where people are looked for")
	f.StringVar(&ldap.BindDN, "bind-dn", "", "who reads the directory (default: nobody, anonymously)")
	f.BoolVar(&withPassword, "bind-password-stdin", false, "read that one's password from standard input")
	f.BoolVar(&ldap.StartTLS, "start-tls", false, "encrypt an ldap:// connection before anything is sent")
	f.StringVar(&ca, "ca", "", "authority of the directory's certificate (PEM; default: those of this computer)")
	f.StringVar(&ldap.UserFilter, "user-filter", "", "how a person is found; {{identifier}} is what was typed, {{name}} its part before the @")
	f.StringVar(&ldap.ManagedAccountAttribute, "managed-account-attribute", "", "attribute that has the Managed Apple Account")
	f.StringVar(&ldap.Group, "group", "", "DN of the group whose members may enroll (default: everybody)")
	return c
}

func (p *program) testDirectoryCommand() *cobra.Command {
	var in admin.TestDirectoryIn
	var withPassword bool
	c := &cobra.Command{
		Use:   "test IDENTIFIER",
		Short: "Show what the directory has about somebody, and whether the sign-in works",
		Example: `  gatehoused directory test anna@example.com
  gatehoused directory test anna@example.com --password-stdin < password.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			in.Body.Identifier = args[0]
			if withPassword {
				var err error
				if in.Body.Password, err = p.needSecret("Password"); err != nil {
					return err
				}
			}
			return p.with(c.Context(), func(d *door) error {
				test, err := call[admin.DirectoryTest](c.Context(), d, http.MethodPost, "/directory/test", in.Body)
				if err != nil {
					return err
				}
				if err := p.show(test, func() { p.showTest(test) }); err != nil || test.OK {
					return err
				}
				return failedStep("the directory", test.Steps)
			})
		},
	}
	c.Flags().BoolVar(&withPassword, "password-stdin", false, "also try the sign-in, with the password from standard input")
	return c
}

func (p *program) showTest(t *admin.DirectoryTest) {
	for _, s := range t.Steps {
		p.line(s.Name, verdict(s.OK, s.Detail))
	}
	p.line("dn", t.DN)
	p.line("managed account", t.ManagedAccount)
	for _, name := range slices.Sorted(maps.Keys(t.Attributes)) {
		p.line(name, t.Attributes[name])
	}
}

// failedStep says which step did not work, and why.
func failedStep(what string, steps []admin.TestStep) error {
	for _, s := range steps {
		if s.OK {
			continue
		}
		why := s.Detail
		if why == "" {
			why = strings.ReplaceAll(s.Code, "_", " ")
		}
		return fmt.Errorf("%s: %s did not work: %s", what, strings.ReplaceAll(s.Name, "_", " "), why)
	}
	return fmt.Errorf("%s: it did not work", what)
}

func verdict(ok bool, detail string) string {
	word := "failed"
	if ok {
		word = "ok"
	}
	if detail != "" {
		word += "  " + detail
	}
	return word
}
