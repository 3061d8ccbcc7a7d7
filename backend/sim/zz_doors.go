package sim

import (
	"context"
	"crypto/x509"
	"errors"
	"time"
)

var errUnbuilt = errors.New("sim: not built yet")

type Resident struct {
	Identifier, Name, Password string
	Phone                      *Phone
}
type Town struct{ Residents []*Resident }
type TownOptions struct {
	Seed   uint64
	Phones int
	Domain string       // default example.org
	Phone  PhoneOptions // what all have in common: Roots, Dial, Device, Now, Log
	APNs   *APNs
	Calm   bool // no tempers
}

func NewTown(o TownOptions) (*Town, error)                     { return nil, errUnbuilt }
func (t *Town) Enroll(ctx context.Context, parallel int) error { return errUnbuilt }
func (t *Town) Live(ctx context.Context) error                 { return errUnbuilt } // until ctx ends

type LoadOptions struct {
	URL      string
	Phones   int
	For      time.Duration
	Parallel int
	Anywhere bool
	Seed     uint64
	Roots    *x509.CertPool
	Device   *DeviceIdentity
	People   func(i int) (identifier, password string) // nil: phones knock and open the sheet, nobody signs in
}
type LoadReport struct {
	Phones, Enrolled, Polls, Commands, Failed int
	Took                                      time.Duration
	Steps                                     []LoadStep
	Errors                                    map[string]int
}
type LoadStep struct {
	Name          string
	Count, Failed int
	P50, P95, P99 time.Duration
}

func Load(ctx context.Context, o LoadOptions) (LoadReport, error) { return LoadReport{}, errUnbuilt }
