package backend_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"example.org/gatehouse/backend"
	"example.org/gatehouse/backend/sim"
)

// childFolder names the data folder of a test binary that is to be a server: one that a test may kill.
const childFolder = "GATEHOUSE_TEST_SERVE"

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
	apns, err := sim.NewAPNs(sim.APNsOptions{})
	if err != nil {
		return err
	}
	w := &world{data: data, log: &journal{}, apns: apns}
	c, err := w.config()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	b, err := backend.Open(ctx, c)
	if err != nil {
		return err
	}
	defer b.Close()
	return b.Run(ctx)
}
