package text

import (
	"testing"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
)

func open(t *testing.T, d *db.DB) *Store {
	t.Helper()
	s, err := Open(d, event.New(d))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNothingChangedIsWhatIsBuiltIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		c, err := s.Current(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Text(c.Match("en"), "g.back", nil); got != "Back" || c.Version() != 0 {
			t.Errorf("got %q of version %d", got, c.Version())
		}
		again, err := s.Current(t.Context())
		if err != nil || again != c {
			t.Errorf("the catalogue was read again: %v", err)
		}
	})
}
