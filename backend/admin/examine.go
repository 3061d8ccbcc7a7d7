package admin

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/doctor"
	"example.org/gatehouse/backend/event"
)

// Check lets the doctor look at everything.
func (a *API) Check(ctx context.Context, _ *None) (*Examination, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	return &Examination{Findings: a.examine(ctx, r), At: a.DB.Now()}, nil
}

// examined is what the doctor found last. The overview asks whenever anything happens, and names and directories must
// not be asked as often.
type examined struct {
	findings []Finding     // guarded by API.mu
	at       time.Time     // guarded by API.mu; zero: not yet, or something was changed since
	running  chan struct{} // guarded by API.mu; closed when the doctor is done; nil while he does not look
	changes  int           // guarded by API.mu; counts what was changed
}

const (
	// fresh is how long the overview believes the doctor.
	fresh = 15 * time.Second
	// patience is how long the overview waits for a first word from him.
	patience = 3 * time.Second
)

// changed makes the doctor look again.
func (a *API) changed() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.examined.at = time.Time{}
	a.examined.changes++
}

// lately is what the doctor found a moment ago. If that is long ago he looks again meanwhile, and if he has not looked
// since the last change, he is waited for a little.
func (a *API) lately(ctx context.Context, r Rooms) []Finding {
	now := a.DB.Now()
	a.mu.Lock()
	e := &a.examined
	age := now.Sub(e.at)
	known := !e.at.IsZero()
	if (age < 0 || age >= fresh) && e.running == nil {
		e.running = make(chan struct{})
		done, changes := e.running, e.changes
		a.work.Go(func() {
			found := a.examine(As(a.ctx, identity(ctx)), r)
			a.mu.Lock()
			defer a.mu.Unlock()
			if e.running = nil; e.changes == changes {
				e.findings, e.at = found, a.DB.Now()
			}
			close(done)
		})
	}
	running := e.running
	a.mu.Unlock()
	if !known && running != nil {
		wait := time.NewTimer(patience)
		defer wait.Stop()
		select {
		case <-running:
		case <-wait.C:
		case <-ctx.Done():
		}
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	return slices.Clone(e.findings)
}

// examine is what the doctor finds. The names of a demo lead nowhere, which is nobody's problem.
func (a *API) examine(ctx context.Context, r Rooms) []Finding {
	all := append(findings(r.Doctor.Examine(ctx)), a.standingFinding(ctx)...)
	all = append(all, a.textFindings(ctx)...)
	slices.SortStableFunc(all, func(x, y Finding) int { return event.Level(y.Level).Urgency() - event.Level(x.Level).Urgency() })
	if !a.House.State().Demo {
		return all
	}
	return slices.DeleteFunc(all, func(f Finding) bool {
		return strings.HasPrefix(f.Code, "host_") || strings.HasPrefix(f.Code, "domain_")
	})
}

// textFindings says which languages of the portal somebody should look at.
func (a *API) textFindings(ctx context.Context) []Finding {
	now, err := a.Config.Settings.Get(ctx)
	if err != nil {
		return nil // the doctor has said so
	}
	return findings(a.Text.Health(ctx, now.Language))
}

// rehearsal is one that runs or ran in this process. A restart forgets it; the doctor erases what it left.
type rehearsal struct {
	view Rehearsal // guarded by API.mu
}

// kept is how many finished rehearsals are remembered.
const kept = 20

// Rehearse begins a rehearsal. It goes on without whoever asked; ask for it again to see how far it came.
func (a *API) Rehearse(ctx context.Context, in *RehearseIn) (*Rehearsal, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	if a.House.State().State != "serving" {
		return nil, &Error{Code: NotServing, err: doctor.ErrStopped}
	}
	run := &rehearsal{view: Rehearsal{ID: db.NewID(), Running: true, Steps: []TestStep{}}}
	a.mu.Lock()
	for _, other := range a.rehearsals {
		if other.view.Running {
			a.mu.Unlock()
			return nil, &Error{Code: RehearsalRunning, err: doctor.ErrRunning}
		}
	}
	if len(a.rehearsals) >= kept {
		clear(a.rehearsals)
	}
	a.rehearsals[run.view.ID] = run
	view := run.view
	a.mu.Unlock()

	actor := event.Actor(ctx)
	a.work.Go(func() { a.rehearse(event.WithActor(a.ctx, actor), r, run, in) })
	return &view, nil
}

func (a *API) rehearse(ctx context.Context, r Rooms, run *rehearsal, in *RehearseIn) {
	report, err := r.Doctor.Rehearse(ctx, doctor.Rehearsal{
		Identifier: in.Body.Identifier, Password: in.Body.Password,
		Progress: func(s doctor.Step) {
			a.mu.Lock()
			defer a.mu.Unlock()
			run.view.Steps = append(run.view.Steps, viewStep(s))
		},
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	run.view.Running, run.view.OK, run.view.TookMS = false, err == nil && report.OK, report.Took.Milliseconds()
	if err == nil {
		return
	}
	step := TestStep{Name: "begin", Code: string(Internal), Params: map[string]string{}}
	switch {
	case errors.Is(err, doctor.ErrStopped):
		step.Code = string(NotServing)
	case errors.Is(err, doctor.ErrRunning):
		step.Code = string(RehearsalRunning)
	default:
		step.Detail = reference()
		a.Log.ErrorContext(ctx, "rehearsal not begun", "reference", step.Detail, "err", err)
	}
	run.view.Steps = append(run.view.Steps, step)
}

func viewStep(s doctor.Step) TestStep {
	return TestStep{Name: s.Name, OK: s.OK, TookMS: s.Took.Milliseconds(), Code: s.Code, Detail: s.Detail, Params: map[string]string{}}
}

// Rehearsal is how far a rehearsal has come.
func (a *API) Rehearsal(_ context.Context, in *RehearsalIn) (*Rehearsal, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	run, ok := a.rehearsals[in.ID]
	if !ok {
		return nil, &Error{Code: NotFound}
	}
	view := run.view
	view.Steps = append([]TestStep{}, run.view.Steps...)
	return &view, nil
}
