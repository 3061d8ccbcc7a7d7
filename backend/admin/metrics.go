package admin

import (
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"example.org/gatehouse/backend/enroll"
)

// metrics serves what an operator puts an alarm on, read from the rooms at the moment of asking.
func (a *API) metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauges{a},
	)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelError), ErrorHandling: promhttp.ContinueOnError,
	})
}

// gauges reads the rooms.
type gauges struct{ api *API }

var (
	serving     = prometheus.NewDesc("gatehouse_serving", "Whether phones are served.", nil, nil)
	phones      = prometheus.NewDesc("gatehouse_enrollments", "Phones by state.", []string{"state"}, nil)
	attempts    = prometheus.NewDesc("gatehouse_attempts", "Attempts to enroll in the last 24 hours by the step they reached.", []string{"step"}, nil)
	stuck       = prometheus.NewDesc("gatehouse_attempts_stuck", "Those of them that do not come further.", []string{"step"}, nil)
	pushExpires = prometheus.NewDesc("gatehouse_push_certificate_expires_timestamp_seconds", "When the push certificate ends.", nil, nil)
	tlsExpires  = prometheus.NewDesc("gatehouse_tls_certificate_expires_timestamp_seconds", "When the server's certificate ends.", nil, nil)
)

// Describe is asked by Prometheus.
func (g gauges) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{serving, phones, attempts, stuck, pushExpires, tlsExpires} {
		c <- d
	}
}

// Collect is asked by Prometheus.
func (g gauges) Collect(c chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	up := 0.0
	if g.api.House.State().State == "serving" {
		up = 1
	}
	gauge(serving, up)
	r, err := g.api.rooms()
	if err != nil {
		return
	}
	ctx := AsOperator(g.api.ctx)
	states, err := r.MDM.Counts(ctx)
	if err != nil {
		c <- prometheus.NewInvalidMetric(phones, err)
	}
	for state, n := range states {
		gauge(phones, float64(n), state)
	}
	view := &Overview{}
	if err := g.api.addAttempts(ctx, r, view); err != nil {
		c <- prometheus.NewInvalidMetric(attempts, err)
	}
	for _, step := range view.Funnel {
		gauge(attempts, float64(step.Count), step.Step)
		if step.Step != enroll.StepDone {
			gauge(stuck, float64(step.Stuck), step.Step)
		}
	}
	if push, err := g.api.push(ctx, r); err == nil && push != nil {
		gauge(pushExpires, float64(push.NotAfter.Unix()))
	}
	if certificate, err := serverCertificate(ctx, r); err == nil {
		gauge(tlsExpires, float64(certificate.NotAfter.Unix()))
	}
}
