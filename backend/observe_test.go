package backend_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPanicOfOneRequestIsItsOwn(t *testing.T) {
	t.Parallel()
	w := started(t)
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    int
	}{
		"before the answer": {func(http.ResponseWriter, *http.Request) { panic("oh") }, http.StatusInternalServerError},
		"after it began": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			panic("oh")
		}, http.StatusAccepted},
	} {
		answer := httptest.NewRecorder()
		w.house.Observed(c.handler).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
		if answer.Code != c.want {
			t.Errorf("panic %s: got %d, want %d", name, answer.Code, c.want)
		}
	}
	if got := strings.Count(w.log.String(), "request panicked"); got != 2 {
		t.Errorf("panics in the log: got %d, want 2", got)
	}
}
