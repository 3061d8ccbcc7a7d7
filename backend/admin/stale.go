package admin

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/mdm"
)

// StaleRule says after how many days a record may be cleared; 0 is never. Of silence only the time counts in which phones
// could reach us.
type StaleRule struct {
	Waiting         int `json:"waiting" minimum:"0" maximum:"3650" doc:"began to enroll and never finished"`
	Silent          int `json:"silent" minimum:"0" maximum:"3650" doc:"silent, and woken in vain or not to be woken"`
	ProbablyRemoved int `json:"probably_removed" minimum:"0" maximum:"3650" doc:"silent, and Apple says that nobody listens"`
	MustEnrollAgain int `json:"must_enroll_again" minimum:"0" maximum:"3650" doc:"its certificate ended"`
	Removed         int `json:"removed" minimum:"0" maximum:"3650" doc:"it left"`
}

func (r StaleRule) rule() *mdm.Rule { return new(mdm.Rule(r)) }

// StaleIn asks what a rule would do.
type StaleIn struct {
	Waiting         int    `query:"waiting" minimum:"0" maximum:"3650" default:"14" doc:"days; 0: never"`
	Silent          int    `query:"silent" minimum:"0" maximum:"3650" default:"90"`
	ProbablyRemoved int    `query:"probably_removed" minimum:"0" maximum:"3650" default:"30"`
	MustEnrollAgain int    `query:"must_enroll_again" minimum:"0" maximum:"3650" default:"30"`
	Removed         int    `query:"removed" minimum:"0" maximum:"3650" default:"30"`
	Show            string `query:"show" enum:"proposed,waking,kept" default:"proposed" doc:"may be cleared; must be woken first; pinned"`
	Sort            string `query:"sort" maxLength:"40" default:"last_seen_at"`
	Offset          int    `query:"offset" minimum:"0" maximum:"10000000"`
	Limit           int    `query:"limit" minimum:"0" maximum:"500" default:"200" doc:"0: only the numbers"`
}

// Stale is what a rule would do, with the evidence for each phone.
type Stale struct {
	Summary     StaleSummary `json:"summary"`
	Rule        StaleRule    `json:"rule"`
	Enrollments []Enrollment `json:"enrollments" doc:"last contact, woken when, what Apple said, and hours in which we could not be reached are among the fields"`
	Total       int          `json:"total" doc:"how many phones show has"`
}

// StaleSummary is how many records a rule looks at.
type StaleSummary struct {
	Proposed int            `json:"proposed" doc:"may be cleared"`
	States   map[string]int `json:"states" doc:"those, by state"`
	Waking   int            `json:"waking" doc:"silent for long enough, but not woken in vain yet"`
	Kept     int            `json:"kept" doc:"pinned"`
}

// Stale says what a rule would do. Nothing changes.
func (a *API) Stale(ctx context.Context, in *StaleIn) (*Stale, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	rule := StaleRule{in.Waiting, in.Silent, in.ProbablyRemoved, in.MustEnrollAgain, in.Removed}
	sum, err := r.MDM.Stale(ctx, *rule.rule())
	if err != nil {
		return nil, err
	}
	view := &Stale{Rule: rule, Enrollments: []Enrollment{}, Summary: StaleSummary{States: sum.Proposed, Waking: sum.Waking, Kept: sum.Kept}}
	for _, n := range sum.Proposed {
		view.Summary.Proposed += n
	}
	view.Total = map[string]int{"proposed": view.Summary.Proposed, "waking": sum.Waking, "kept": sum.Kept}[in.Show]
	if in.Limit == 0 {
		return view, nil
	}
	page, err := r.MDM.List(ctx, mdm.ListQuery{Rule: rule.rule(), Share: mdm.Share(in.Show), Sort: in.Sort, Offset: in.Offset, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	for _, e := range page.Enrollments {
		view.Enrollments = append(view.Enrollments, viewEnrollment(e, page.Moment))
	}
	return view, nil
}

// WakeStaleIn is the rule whose silent phones are to be woken.
type WakeStaleIn struct{ Body StaleRule }

// WakeStale calls the phones that a rule must not judge yet.
func (a *API) WakeStale(ctx context.Context, in *WakeStaleIn) (*Queued, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	n, err := r.MDM.WakeStale(ctx, *in.Body.rule())
	return &Queued{Count: n}, err
}

// ArchiveIn chooses records to put away.
type ArchiveIn struct {
	Body struct {
		Selection
		Rule *StaleRule `json:"rule,omitempty" doc:"all that the rule proposes at this moment, instead of ids"`
	}
}

// Batch is records that were put away together. Within 30 days it can be undone.
type Batch struct {
	ID    string    `json:"id"`
	At    time.Time `json:"at,omitzero"`
	By    string    `json:"by"`
	Count int       `json:"count" doc:"how many there were; 0: nothing was left to put away"`
	Left  int       `json:"left" doc:"how many are still archived"`
	Until time.Time `json:"until,omitzero" doc:"until when it can be undone"`
}

func viewBatch(b mdm.Batch) Batch {
	view := Batch{ID: b.ID, At: b.At, By: b.Actor, Count: b.Count, Left: b.Left}
	if b.Count > 0 {
		view.Until = b.At.Add(mdm.ArchivedFor)
	}
	return view
}

// Archive puts records away, to be brought back within 30 days.
func (a *API) Archive(ctx context.Context, in *ArchiveIn) (*Batch, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	if in.Body.Rule != nil {
		if in.Body.named() {
			return nil, fieldError("ids", "required", errNamed)
		}
		b, err := r.MDM.Archive(ctx, in.Body.Rule.rule())
		return new(viewBatch(b)), err
	}
	ids, err := a.chosen(ctx, r, in.Body.Selection)
	if err != nil {
		return nil, err
	}
	b, err := r.MDM.Archive(ctx, nil, ids...)
	return new(viewBatch(b)), err
}

// Batches are what can be undone.
type Batches struct {
	Batches []Batch `json:"batches"`
}

// Batches are what can be undone, newest first.
func (a *API) Batches(ctx context.Context, _ *None) (*Batches, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	all, err := r.MDM.Batches(ctx)
	view := &Batches{Batches: make([]Batch, 0, len(all))}
	for _, b := range all {
		view.Batches = append(view.Batches, viewBatch(b))
	}
	return view, err
}

// BatchIn names a batch.
type BatchIn struct {
	ID string `path:"id" maxLength:"100"`
}

// UndoBatch brings back what was put away together.
func (a *API) UndoBatch(ctx context.Context, in *BatchIn) (*Changed, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	n, err := r.MDM.Undo(ctx, in.ID)
	return &Changed{Count: n}, err
}

// RestoreIn chooses archived records.
type RestoreIn struct{ Body Selection }

// Restore brings back archived records.
func (a *API) Restore(ctx context.Context, in *RestoreIn) (*Changed, error) {
	n, err := a.toChosen(ctx, in.Body, (*mdm.Server).Restore)
	return &Changed{Count: n}, err
}

// PurgeIn chooses archived records to erase.
type PurgeIn struct {
	Body struct {
		Selection
		DryRun bool `json:"dry_run,omitempty" doc:"do it all, and then do not"`
	}
}

// Receipt is what remains of records that were erased. It has nothing about anybody. A backup that was made before still
// has them, as long as it is kept.
type Receipt struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at,omitzero"`
	By     string    `json:"by"`
	Phones int       `json:"phones"`
	DryRun bool      `json:"dry_run" doc:"nothing was erased"`
}

// purgeStep is how many records one transaction erases.
const purgeStep = 100

var errDryRun = errors.New("a dry run changes nothing")

// Purge erases archived records and all that any room keeps of them.
func (a *API) Purge(ctx context.Context, in *PurgeIn) (*Receipt, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	ids, err := a.chosen(ctx, r, in.Body.Selection)
	if err != nil {
		return nil, err
	}
	if len(ids) > purgeStep && !in.Body.DryRun {
		return nil, fieldError("ids", "too_many", nil)
	}
	receipt, err := a.purge(ctx, r, ids[:min(len(ids), purgeStep)], in.Body.DryRun)
	if err != nil {
		return nil, err
	}
	return &Receipt{ID: receipt.ID, At: receipt.At, By: receipt.Actor, Phones: len(ids), DryRun: in.Body.DryRun}, nil
}

// purge erases some records in one transaction; a dry run takes it back, so its numbers are those of the deed.
func (a *API) purge(ctx context.Context, r Rooms, ids []string, dry bool) (receipt mdm.Receipt, err error) {
	attempts := map[string][]string{}
	for _, id := range ids {
		found, err := r.Enroll.Attempts(ctx, enroll.AttemptQuery{Enrollment: id})
		if err != nil {
			return receipt, err
		}
		for _, one := range found {
			attempts[id] = append(attempts[id], one.ID)
		}
	}
	err = a.DB.Update(ctx, func(tx *db.Tx) error {
		receipt, err = r.MDM.Purge(tx, ids, func(tx *db.Tx, id, attempt string) error {
			all := attempts[id]
			if attempt != "" && !slices.Contains(all, attempt) {
				all = append(slices.Clone(all), attempt)
			}
			if err := errors.Join(r.Mover.Forget(tx, id), a.Config.Events.Forget(tx, "", id)); err != nil {
				return err
			}
			for _, one := range all {
				if err := errors.Join(r.Portal.Retain(tx, one), r.PKI.Erase(tx, one), r.Enroll.Erase(tx, one), a.Config.Events.Forget(tx, one, "")); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil && dry {
			return errDryRun
		}
		return err
	})
	if errors.Is(err, errDryRun) {
		err = nil
	}
	return receipt, err
}

// Receipts are those of the records that were erased.
type Receipts struct {
	Receipts []Receipt `json:"receipts"`
}

// Receipts are those of the records that were erased, newest first.
func (a *API) Receipts(ctx context.Context, _ *None) (*Receipts, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	all, err := r.MDM.Receipts(ctx)
	view := &Receipts{Receipts: make([]Receipt, 0, len(all))}
	for _, one := range all {
		view.Receipts = append(view.Receipts, Receipt{ID: one.ID, At: one.At, By: one.Actor, Phones: one.Phones})
	}
	return view, err
}
