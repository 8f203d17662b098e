package main

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/oauth"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/mailin"
	"github.com/postdesk/postdesk/mailout"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// A watch answers how the desk fares (O3): /healthz, that the process is there; /readyz, whether it can do its work, and what is wrong;
// /metrics, in Prometheus' form. Labels are names of the policy, never addresses.
type watch struct {
	desk    *desk.Desk
	store   *store.Store
	policy  *livePolicy
	pollers *pollers
	sender  *mailout.Sender
	tokens  *oauth.Source

	tick atomic.Int64 // when clocks were last looked at, in Unix seconds
}

// ticked notes that the clocks were looked at.
func (w *watch) ticked() { w.tick.Store(utcNow().Unix()) }

// vitalsTime is how long the database may take to tell its counts.
const vitalsTime = 5 * time.Second

func (w *watch) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(rw http.ResponseWriter, _ *http.Request) { rw.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", w.ready)
	registry := prometheus.NewRegistry()
	registry.MustRegister(w)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

// A report is what /readyz tells.
type report struct {
	Ready     bool                     `json:"ready"`
	Wrong     []string                 `json:"wrong,omitempty"`
	Policy    string                   `json:"policy_refused,omitempty"`
	Mailboxes map[string]mailboxReport `json:"mailboxes"`
	Outbox    []desk.Unsent            `json:"outbox,omitempty"`
	Held      int                      `json:"held"`
	Paused    string                   `json:"outbox_paused,omitempty"`
}

type mailboxReport struct {
	State    mailin.State `json:"state"`
	LastPass *time.Time   `json:"last_pass,omitempty"`
	Error    string       `json:"error,omitempty"`
}

// ready says 503 when the desk cannot decide over mail: the database is away, or no mailbox can be read. What is wrong with one mailbox
// or account is told and leaves the others at work.
func (w *watch) ready(rw http.ResponseWriter, r *http.Request) {
	rep := w.report(r.Context())
	rw.Header().Set("Content-Type", "application/json")
	if !rep.Ready {
		rw.WriteHeader(http.StatusServiceUnavailable)
	}
	enc := json.NewEncoder(rw)
	enc.SetIndent("", "  ")
	enc.Encode(rep) // a client that went away needs no answer
}

func (w *watch) report(ctx context.Context) report {
	ctx, cancel := context.WithTimeout(ctx, vitalsTime)
	defer cancel()
	rep := report{Ready: true, Mailboxes: map[string]mailboxReport{}, Policy: w.policy.state()}
	v, err := w.desk.Vitals(ctx)
	if err != nil {
		rep.Ready = false
		if errors.Is(err, context.DeadlineExceeded) {
			rep.Wrong = append(rep.Wrong, "the database does not answer")
		} else {
			rep.Wrong = append(rep.Wrong, err.Error())
		}
	}
	rep.Outbox, rep.Held, rep.Paused = v.Outbox, v.Held, v.Paused
	if v.Paused != "" {
		rep.Wrong = append(rep.Wrong, "nothing is sent until postdesk mail resume: "+v.Paused)
	}
	working := 0
	health := w.pollers.health()
	for _, name := range slices.Sorted(maps.Keys(health)) {
		h := health[name]
		m := mailboxReport{State: h.State}
		if !h.LastPass.IsZero() {
			m.LastPass = &h.LastPass
		}
		switch h.State {
		case mailin.Failing:
			m.Error = h.Error
			rep.Wrong = append(rep.Wrong, "mailbox "+name+": "+h.Error)
		default:
			working++
		}
		rep.Mailboxes[name] = m
	}
	if working == 0 && len(health) > 0 {
		rep.Ready = false
	}
	out := w.sender.Health()
	if out.Outbox != "" {
		rep.Wrong = append(rep.Wrong, "outbox: "+out.Outbox)
	}
	for _, a := range out.Accounts {
		if a.LastError != "" {
			rep.Wrong = append(rep.Wrong, "sending by "+a.Name+": "+a.LastError)
		}
	}
	for _, t := range signInTroubles(ctx, w.policy.current(), w.tokens, utcNow()) {
		rep.Wrong = append(rep.Wrong, t.String())
	}
	return rep
}

var (
	metricPass     = prometheus.NewDesc("postdesk_mailbox_last_pass_timestamp_seconds", "End of the last whole pass over a mailbox.", []string{"mailbox"}, nil)
	metricUp       = prometheus.NewDesc("postdesk_mailbox_up", "1 while a mailbox is read here, or stands by for another node.", []string{"mailbox"}, nil)
	metricReceived = prometheus.NewDesc("postdesk_mailbox_received_total", "Mails the desk took since the start.", []string{"mailbox"}, nil)
	metricOutbox   = prometheus.NewDesc("postdesk_outbox_waiting", "Mails that wait to be sent.", []string{"mailbox"}, nil)
	metricOldest   = prometheus.NewDesc("postdesk_outbox_oldest_timestamp_seconds", "When the oldest unsent mail was put into the outbox.", []string{"mailbox"}, nil)
	metricHeld     = prometheus.NewDesc("postdesk_held", "Mails that wait for a person to decide.", nil, nil)
	metricOverdue  = prometheus.NewDesc("postdesk_clocks_overdue", "Tickets whose clock should have fired more than two minutes ago.", nil, nil)
	metricPaused   = prometheus.NewDesc("postdesk_outbox_paused", "1 while nothing is sent until a person says so, as after a restore.", nil, nil)
	metricDatabase = prometheus.NewDesc("postdesk_database_up", "1 while the database answers.", nil, nil)
	metricPolicy   = prometheus.NewDesc("postdesk_policy_refused", "1 while the policy file has mistakes and the last good one stands.", nil, nil)
)

// Describe implements prometheus.Collector.
func (w *watch) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(w, ch) }

// Collect implements prometheus.Collector: everything is asked when it is asked for, so nothing is counted twice.
func (w *watch) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	one := func(yes bool) float64 {
		if yes {
			return 1
		}
		return 0
	}
	for name, h := range w.pollers.health() {
		gauge(metricUp, one(h.State != mailin.Failing), name)
		ch <- prometheus.MustNewConstMetric(metricReceived, prometheus.CounterValue, float64(h.Received), name)
		if !h.LastPass.IsZero() {
			gauge(metricPass, float64(h.LastPass.Unix()), name)
		}
	}
	gauge(metricPolicy, one(w.policy.state() != ""))
	ctx, cancel := context.WithTimeout(context.Background(), vitalsTime)
	defer cancel()
	v, err := w.desk.Vitals(ctx)
	gauge(metricDatabase, one(err == nil))
	if err != nil {
		return
	}
	for _, u := range v.Outbox {
		gauge(metricOutbox, float64(u.Waiting), u.Mailbox)
		gauge(metricOldest, float64(u.Oldest.Unix()), u.Mailbox)
	}
	gauge(metricPaused, one(v.Paused != ""))
	gauge(metricHeld, float64(v.Held))
	gauge(metricOverdue, float64(v.Overdue))
}
