package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// secret reads a password: the first line of standard input. A person at a terminal is asked for it.
func (p *program) secret(what string) (string, error) {
	if f, ok := p.in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			if _, err := fmt.Fprintf(p.problems, "%s: ", what); err != nil {
				return "", fmt.Errorf("ask for the %s: %w", strings.ToLower(what), err)
			}
		}
	}
	line, err := bufio.NewReader(io.LimitReader(p.in, 64<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the %s: %w", strings.ToLower(what), err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// needSecret is secret for those that must not be empty.
func (p *program) needSecret(what string) (string, error) {
	s, err := p.secret(what)
	if err == nil && s == "" {
		err = fmt.Errorf("standard input has no %s: write it there, followed by the end of the line", strings.ToLower(what))
	}
	return s, err
}

// readFile reads a file that the command line names.
func readFile(name string) ([]byte, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the file you named: %w", err)
	}
	return b, nil
}
