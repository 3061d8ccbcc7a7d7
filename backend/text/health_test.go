package text

import (
	"testing"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
)

func TestHealthNamesLanguagesThatNobodyHasRead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		counts := func() map[string]string {
			found := map[string]string{}
			for _, f := range s.Health(t.Context(), "en") {
				if f.Level != event.Notice {
					t.Errorf("%+v", f)
				}
				found[f.Code] = f.Params["count"]
			}
			return found
		}
		if got := counts(); got["languages_unread"] != "22" || got["languages_behind"] != "" {
			t.Errorf("as built: %v", got)
		}
		for _, tag := range s.house.languages {
			if err := s.SetLanguage(t.Context(), "en", tag, tag == "en" || tag == "de", tag == "en" || tag == "de"); err != nil {
				t.Fatal(err)
			}
		}
		if got := counts(); len(got) != 0 {
			t.Errorf("two languages, both read: %v", got)
		}
	})
}
