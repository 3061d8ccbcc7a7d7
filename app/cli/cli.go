package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	done    = 0
	failed  = 1 // it did not work; standard error says why
	misused = 2 // the command line is wrong
)

// Main runs one command and returns the exit code.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, args, os.Stdin, os.Stdout, os.Stderr)
}

func run(ctx context.Context, args []string, in io.Reader, out, problems io.Writer) int {
	p := &program{in: in, out: out, problems: problems}
	root := p.root()
	root.SetArgs(args)
	err := errors.Join(root.ExecuteContext(ctx), p.unsaid)
	var misuse *usageError
	switch {
	case err == nil:
		return done
	case errors.As(err, &misuse):
		p.complain("%s; see: %s", misuse.problem, strings.TrimSpace("gatehoused help "+misuse.command))
		return misused
	default:
		p.complain("%s", explain(err))
		return failed
	}
}

// complain writes the one line on standard error.
func (p *program) complain(format string, args ...any) {
	fmt.Fprintf(p.problems, "gatehoused: %s\n", oneLine(fmt.Sprintf(format, args...)))
}

// printf writes a part of the answer. That it could not be written is an error of the command as a whole.
func (p *program) printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := fmt.Fprintf(p.out, format, args...); err != nil && p.unsaid == nil {
		p.unsaid = fmt.Errorf("write the answer: %w", err)
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// usageError is a command line that makes no sense.
type usageError struct{ command, problem string }

func (e *usageError) Error() string { return e.problem }

func misuse(c *cobra.Command, format string, args ...any) error {
	_, path, _ := strings.Cut(c.CommandPath(), " ")
	return &usageError{command: path, problem: fmt.Sprintf(format, args...)}
}

// program is what all commands share.
type program struct {
	in            io.Reader
	out, problems io.Writer

	data, database string
	json, quiet    bool

	mu     sync.Mutex
	unsaid error // guarded by mu; why a part of the answer could not be written
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "gatehoused",
		Short: "People enroll their own iPhones for work; this is the server, and every action of its administrator",
		Example: `  gatehoused init --organization "Example Inc." --domain example.com --url https://mdm.example.com:8443
  gatehoused serve`,
		PersistentPreRun: func(*cobra.Command, []string) {
			p.data = cmp.Or(p.data, os.Getenv("GATEHOUSE_DATA"))
			p.database = cmp.Or(p.database, os.Getenv("GATEHOUSE_DATABASE"))
		},
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.problems)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return misuse(c, "%v", err) })
	flags := root.PersistentFlags()
	flags.StringVar(&p.data, "data", "", "data folder (default: the platform's place for application data) [GATEHOUSE_DATA]")
	flags.StringVar(&p.database, "database", "", "sqlite:FILE or postgres://… (default: SQLite in the data folder) [GATEHOUSE_DATABASE]")
	flags.BoolVar(&p.json, "json", false, "one JSON document on standard output")
	flags.BoolVar(&p.quiet, "quiet", false, "only what was asked for, no confirmations")
	root.AddCommand(
		p.initCommand(), p.serveCommand(), p.trustAnchorCommand(),
		p.peopleCommand(), p.directoryCommand(), p.pushCertificateCommand(), p.tlsCommand(), p.settingsCommand(), p.textsCommand(),
		p.enrollmentsCommand(), p.moveCommand(), p.commandCommand(), p.pushCommand(),
		p.checkCommand(), p.rehearseCommand(), p.eventsCommand(), p.gapsCommand(),
		p.demoCommand(), p.loadCommand(), p.versionCommand(),
	)
	strict(root)
	return root
}

// strict makes every command refuse what it does not understand in the same way, with exit code 2.
func strict(c *cobra.Command) {
	for _, sub := range c.Commands() {
		strict(sub)
	}
	if c.HasSubCommands() {
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return misuse(c, "there is no command %q here", args[0])
			}
			if c.HasParent() {
				return misuse(c, "%s needs to be told what to do", c.Name())
			}
			return c.Help()
		}
		return
	}
	check := c.Args
	if check == nil {
		check = cobra.NoArgs
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return misuse(c, "%v", err)
		}
		return nil
	}
}

// say writes a confirmation, unless nobody wants to hear it.
func (p *program) say(format string, args ...any) {
	if !p.quiet && !p.json {
		p.printf(format+"\n", args...)
	}
}

// needed is the misuse of leaving out an option.
func needed(c *cobra.Command, names ...string) error {
	for _, name := range names {
		if !c.Flags().Changed(name) {
			return misuse(c, "--%s is needed", name)
		}
	}
	return nil
}
