package cli

import (
	"runtime/debug"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/db"
)

// Set by the linker, see the Makefile; otherwise Go's own notes of the build are asked.
var programVersion, programCommit string

// Version says which program this is.
func Version() (number, revision string) {
	number, revision = programVersion, programCommit
	info, ok := debug.ReadBuildInfo()
	if ok && revision == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value[:min(12, len(s.Value))]
			}
		}
	}
	if number == "" {
		number = "development"
	}
	if revision == "" {
		revision = "unknown"
	}
	return number, revision
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Say which program this is: version, commit and the database schema it knows",
		Example: "  gatehoused version --json",
		RunE: func(*cobra.Command, []string) error {
			number, revision := Version()
			v := struct {
				Version string `json:"version"`
				Commit  string `json:"commit"`
				Schema  int64  `json:"schema"`
			}{number, revision, db.Newest()}
			return p.show(v, func() {
				p.printf("gatehouse %s, commit %s, schema %d\n", v.Version, v.Commit, v.Schema)
			})
		},
	}
}
