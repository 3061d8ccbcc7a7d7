package cli

import (
	"net/http"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
)

func (p *program) commandCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "command",
		Short: "Ask phones for something",
		Example: `  gatehoused command refresh --all
  gatehoused command send ProfileList --all`,
	}
	var in admin.SendCommandIn
	send := &cobra.Command{
		Use:   "send TYPE {--to ID … | --all}",
		Short: "Queue a command and wake the phones",
		Long: `TYPE is Apple's name of the command: DeviceInformation, SecurityInfo, ProfileList, CertificateList,
InstalledApplicationList, ManagedApplicationList, DeclarativeManagement, DeviceLock or RemoveProfile.

RemoveProfile without --identifier takes the enrollment profile away: the management of that phone ends, and what work
put on it goes.`,
		Example: `  gatehoused command send DeviceInformation --to 8F2C0A4E-… 51D07B33-…
  gatehoused command send DeviceLock --to 8F2C0A4E-… --message "Found? Call us" --phone "+49 30 1234"
  gatehoused command send RemoveProfile --to 8F2C0A4E-…`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(in.Body.IDs) > 0 {
				in.Body.IDs = append(in.Body.IDs, args[1:]...)
			} else if len(args) > 1 {
				return misuse(c, "name phones with --to")
			}
			if in.Body.All == (len(in.Body.IDs) > 0) {
				return misuse(c, "name phones with --to, or all of them with --all")
			}
			in.Body.Type = args[0]
			return p.queue(c, "/commands", in.Body)
		},
	}
	f := send.Flags()
	f.StringSliceVar(&in.Body.IDs, "to", nil, "a phone, or several; can be repeated, or a list separated by commas")
	f.BoolVar(&in.Body.All, "all", false, "every enrolled phone")
	f.StringVar(&in.Body.Message, "message", "", "shown on the locked screen (DeviceLock)")
	f.StringVar(&in.Body.PhoneNumber, "phone", "", "shown on the locked screen (DeviceLock)")
	f.StringVar(&in.Body.Identifier, "identifier", "", "identifier of the profile (RemoveProfile); left out: the enrollment profile")
	c.AddCommand(send, p.refreshCommand())
	return c
}

func (p *program) refreshCommand() *cobra.Command {
	var in admin.RefreshIn
	c := &cobra.Command{
		Use:   "refresh {ID … | --all}",
		Short: "Ask phones anew what they are like, and wake them",
		Long: `Asks all that the settings allow (privacy), as the server does by itself from time to time (settings set
inventory.every). A phone that still has these questions open is not asked twice, and not counted.`,
		Example: `  gatehoused command refresh 8F2C0A4E-… 51D07B33-…`,
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if in.Body.All == (len(args) > 0) {
				return misuse(c, "name phones, or all of them with --all")
			}
			in.Body.IDs = args
			return p.queue(c, "/refresh", in.Body)
		},
	}
	c.Flags().BoolVar(&in.Body.All, "all", false, "every enrolled phone")
	return c
}

func (p *program) pushCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "push ID …",
		Short:   "Wake phones: they call as soon as they can",
		Example: `  gatehoused push 8F2C0A4E-…`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var in admin.WakeIn
			in.Body.IDs = args
			return p.queue(c, "/wake", in.Body)
		},
	}
}

func (p *program) queue(c *cobra.Command, path string, body any) error {
	return p.with(c.Context(), func(d *door) error {
		queued, err := call[admin.Queued](c.Context(), d, http.MethodPost, path, body)
		if err != nil {
			return err
		}
		return p.show(queued, func() { p.say("phones: %d", queued.Count) })
	})
}
