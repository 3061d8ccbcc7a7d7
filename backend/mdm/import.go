package mdm

import (
	"context"
	"errors"
	"fmt"

	"example.org/gatehouse/backend/db"
)

// RemarkLine is a line of a list that says something about a phone. Phone is its id, or a name that it goes by, as in
// [Server.Find].
type RemarkLine struct {
	Line   int
	Phone  string
	Change RemarksChange
}

// LineError says what is wrong with a line of a list.
type LineError struct {
	Line    int
	Field   string // phone, or the remark
	Problem string
}

// Why a line names no phone.
const (
	notFound = "not_found"
	several  = "several"
)

var errNotMeant = errors.New("mdm: not meant to stay")

// ImportRemarks writes what a list says about phones, all of it or nothing, and says of how many phones that changed
// something. A trial keeps nothing.
func (s *Server) ImportRemarks(ctx context.Context, lines []RemarkLine, trial bool) (changed int, wrong []LineError, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		changed, wrong = 0, nil
		for _, l := range lines {
			written, err := s.importLine(tx, l)
			var unfit *RemarkError
			var unnamed *LineError
			switch {
			case errors.As(err, &unfit):
				wrong = append(wrong, LineError{l.Line, unfit.Field, unfit.Problem})
			case errors.As(err, &unnamed):
				wrong = append(wrong, *unnamed)
			case err != nil:
				return err
			}
			if written {
				changed++
			}
		}
		if trial || len(wrong) > 0 {
			return errNotMeant
		}
		return nil
	})
	if err != nil && !errors.Is(err, errNotMeant) {
		return 0, nil, fmt.Errorf("import remarks: %w", err)
	}
	return changed, wrong, nil
}

func (e *LineError) Error() string {
	return fmt.Sprintf("mdm: line %d: %s: %s", e.Line, e.Field, e.Problem)
}

func (s *Server) importLine(tx *db.Tx, l RemarkLine) (changed bool, err error) {
	if err := l.Change.check(); err != nil {
		return false, err
	}
	if sortText(l.Phone) == "" {
		return false, &LineError{l.Line, "phone", notFound} // it would name whoever has no name
	}
	ids, err := named(tx, l.Phone)
	switch {
	case err != nil:
		return false, err
	case len(ids) == 0:
		return false, &LineError{l.Line, "phone", notFound}
	case len(ids) > 1:
		return false, &LineError{l.Line, "phone", several}
	}
	return s.remark(tx, ids[0], l.Change)
}
