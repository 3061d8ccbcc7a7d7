package backend_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"example.org/gatehouse/backend"
)

// childFolder names the data folder of a test binary that is to be a server: one that a test may kill.
const childFolder = "GATEHOUSE_TEST_SERVE"

// childPush and childTrust say where the push service of the parent is, and under which authority (PEM).
const (
	childPush  = "GATEHOUSE_TEST_PUSH"
	childTrust = "GATEHOUSE_TEST_PUSH_CA"
)

// childDisk says "full" to a child whose disk is full from the start.
const childDisk = "GATEHOUSE_TEST_DISK"

func TestMain(m *testing.M) {
	if data := os.Getenv(childFolder); data != "" {
		if err := child(data); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// child serves until it is told to stop, or killed.
func child(data string) error {
	diskCanFill(os.Getenv(childDisk) == "full")
	w := &world{data: data, log: &journal{}}
	c, err := w.config()
	if err != nil {
		return err
	}
	c.Log = slog.New(slog.NewTextHandler(io.Discard, nil)) //nolint:sloglint // as much work as the log of a server in use
	c.PushURL, c.PushRoots = os.Getenv(childPush), x509.NewCertPool()
	c.PushRoots.AppendCertsFromPEM([]byte(os.Getenv(childTrust)))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	b, err := backend.Open(ctx, c)
	if err != nil {
		return err
	}
	defer b.Close()
	return b.Run(ctx)
}
