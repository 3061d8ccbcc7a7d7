package backend

import "net/http"

// Observed is the middleware of both listeners, for a test that panics in it.
func (b *Backend) Observed(h http.Handler) http.Handler { return b.observed("test", h) }
