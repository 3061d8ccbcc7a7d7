package enroll

import "context"

// Sweep sweeps once.
func (s *Server) Sweep(ctx context.Context) {
	if err := s.sweep(ctx); err != nil {
		panic(err)
	}
}

// Fill lets the house be full.
func (s *Server) Fill() { s.limit.counted(maxOpen) }

// Open is how many sessions count as open.
func (s *Server) Open() int {
	s.limit.mu.Lock()
	defer s.limit.mu.Unlock()
	return s.limit.open
}

// ParseMachineInfo is for the fuzz target.
var ParseMachineInfo = parseMachineInfo
