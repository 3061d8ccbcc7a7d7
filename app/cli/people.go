package cli

import (
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/export"
)

func (p *program) peopleCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "people",
		Short:   "The local accounts",
		Example: `  gatehoused people add anna@example.com --name "Anna Ruiz"`,
	}
	c.AddCommand(p.addPersonCommand(), p.listPeopleCommand(), p.importPeopleCommand(),
		p.personCommand("remove", "Remove a local account; enrolled phones stay enrolled", http.MethodDelete, ""),
		p.personCommand("unlock", "End the pause after too many wrong passwords", http.MethodPost, "/unlock"))
	return c
}

func (p *program) addPersonCommand() *cobra.Command {
	var in admin.AddPersonIn
	var withPassword bool
	c := &cobra.Command{
		Use:   "add IDENTIFIER",
		Short: "Make a local account; without a password, print an enrollment code",
		Example: `  gatehoused people add anna@example.com --name "Anna Ruiz" --password-stdin < password.txt
  gatehoused people add ben@example.com`,
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
				added, err := call[admin.PersonAdded](c.Context(), d, http.MethodPost, "/people", in.Body)
				if err != nil {
					return err
				}
				return p.show(added, func() {
					p.say("%s may enroll, as %s.", added.Person.Identifier, added.Person.ManagedAccount)
					if added.Code != nil {
						p.line("enrollment code", added.Code.Code)
						p.line("good until", added.Code.ExpiresAt)
					}
				})
			})
		},
	}
	c.Flags().StringVar(&in.Body.Name, "name", "", "the person's name")
	c.Flags().StringVar(&in.Body.ManagedAccount, "managed-account", "", "Managed Apple Account (default: by the rule of the settings)")
	c.Flags().BoolVar(&withPassword, "password-stdin", false, "read a password from standard input")
	return c
}

func (p *program) listPeopleCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the local accounts",
		Example: `  gatehoused people list --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), func(d *door) error {
				list, err := call[admin.People](c.Context(), d, http.MethodGet, "/people", nil)
				if err != nil {
					return err
				}
				if p.json {
					return p.document(list.People)
				}
				columns := []export.Column{
					{Name: "identifier", Title: "Identifier"},
					{Name: "name", Title: "Name"},
					{Name: "managed_account", Title: "Managed account"},
					{Name: "proof", Title: "Signs in with"},
					{Name: "locked_until", Title: "Locked until"},
				}
				rows := make([][]any, 0, len(list.People))
				for _, one := range list.People {
					rows = append(rows, []any{one.Identifier, one.Name, one.ManagedAccount, proof(one), one.LockedUntil})
				}
				return p.table(columns, rows)
			})
		},
	}
}

func proof(one admin.Person) string {
	switch {
	case one.HasPassword:
		return "password"
	case !one.CodeExpiresAt.IsZero():
		return "enrollment code"
	}
	return "nothing yet"
}

// personCommand does one thing to one account.
func (p *program) personCommand(name, short, method, path string) *cobra.Command {
	return &cobra.Command{
		Use:     name + " IDENTIFIER",
		Short:   short,
		Example: "  gatehoused people " + name + " anna@example.com",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(d *door) error {
				_, err := call[admin.Done](c.Context(), d, method, "/people/"+url.PathEscape(args[0])+path, nil)
				if err != nil {
					return err
				}
				return p.show(map[string]string{"identifier": args[0], "done": name}, func() { p.say("%s: done (%s)", args[0], name) })
			})
		},
	}
}
