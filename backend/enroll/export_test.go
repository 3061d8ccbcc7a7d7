package enroll

import "context"

// Sweep sweeps once.
func (s *Server) Sweep(ctx context.Context) {
	if err := s.sweep(ctx); err != nil {
		panic(err)
	}
}

// ParseMachineInfo is for the fuzz target.
var ParseMachineInfo = parseMachineInfo
