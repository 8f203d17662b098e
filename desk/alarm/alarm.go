// Package alarm tells the operator that mail stops, by another way than the mail that has stopped: silence is the worst failure of a
// desk, since nobody misses what he does not get. It decides when something is told, when again, and when all is well, and knows the ways
// out. What is wrong it is told by whoever looks; it asks no database.
package alarm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// A Trouble is something that is wrong, and has been for long enough to be told.
type Trouble struct {
	Key   string    `json:"key"` // what it is about, the same as long as it lasts
	What  string    `json:"what"`
	Since time.Time `json:"since,omitzero"` // zero where nobody knows
	Mend  string    `json:"mend,omitempty"`
	// Warning says that mail still flows: it is told once a day.
	Warning bool `json:"warning,omitempty"`
}

// A Report is what is told at one time. Without troubles all is well again.
type Report struct {
	Desk     string    `json:"desk"`
	Node     string    `json:"node"`
	At       time.Time `json:"at"`
	Troubles []Trouble `json:"troubles"`
	Over     []string  `json:"over,omitempty"` // what was told of and has ended
	Trial    bool      `json:"trial,omitempty"`
}

// A Path is a way to a person.
type Path interface {
	// Tell returns when the report has arrived as far as one can know.
	Tell(ctx context.Context, r Report) error
	String() string
}

// A Bell rings every path while something is wrong. It is set up by its exported fields.
type Bell struct {
	Look  func(ctx context.Context) []Trouble
	Paths func() []Path // by the policy as it stands
	Again func() time.Duration
	Beat  func(ctx context.Context) error // says that all is well, to whoever misses it when it does not come; nil: nobody
	Desk  string
	Node  string
	Now   func() time.Time
	Log   *slog.Logger

	told map[string]told // by the trouble's key
	beat bool            // whether the last beat arrived, for the log
	last time.Time       // when it was
}

// A told is a trouble that a person knows of.
type told struct {
	what string
	at   time.Time
	seen time.Time // when it was last wrong
}

const (
	// each is how often the bell looks, and beating how often it says that all is well.
	each    = 10 * time.Second
	beating = 30 * time.Second
	// calm is how long a trouble must be over before that is told, so that what comes and goes rings once.
	calm = 2 * time.Minute
	// daily is how often warnings are told.
	daily = 24 * time.Hour
	// patience is for one path.
	patience = time.Minute
)

// Run looks until ctx ends.
func (b *Bell) Run(ctx context.Context) error {
	b.told, b.beat = map[string]told{}, true
	tick := time.NewTicker(each)
	defer tick.Stop()
	for {
		b.round(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// round looks once, and tells what is to be told.
func (b *Bell) round(ctx context.Context) {
	troubles, now := b.Look(ctx), b.Now()
	if ctx.Err() != nil {
		return
	}
	stops := slices.ContainsFunc(troubles, func(t Trouble) bool { return !t.Warning })
	if !stops && b.Beat != nil && now.Sub(b.last) >= beating {
		b.last = now
		b.beats(ctx)
	}
	report := Report{Desk: b.Desk, Node: b.Node, At: now, Troubles: troubles}
	ring, lately := false, false
	for _, t := range troubles {
		known, ok := b.told[t.Key]
		again := b.Again()
		if t.Warning {
			again = daily
		}
		if !ok || now.Sub(known.at) >= again {
			ring = true
		}
		if ok {
			known.seen = now
			b.told[t.Key] = known
		}
	}
	for _, t := range b.told {
		switch over := now.Sub(t.seen); {
		case over >= calm:
			report.Over = append(report.Over, t.what)
		case over > 0:
			lately = true
		}
	}
	slices.Sort(report.Over)
	// What is over is told beside what is still wrong, else once nothing is.
	if !ring && (len(troubles) > 0 || len(report.Over) == 0 || lately) {
		return
	}
	if !b.tell(ctx, report) {
		return // nobody has heard of it: the next round tries again
	}
	for key, t := range b.told {
		if now.Sub(t.seen) >= calm {
			delete(b.told, key)
		}
	}
	for _, t := range troubles {
		b.told[t.Key] = told{t.What, now, now}
	}
}

// tell is true where somebody was reached.
func (b *Bell) tell(ctx context.Context, r Report) bool {
	paths := b.Paths()
	for _, t := range r.Troubles {
		b.Log.Error("alarm", "what", t.What, "since", t.Since, "mend", t.Mend)
	}
	if len(r.Troubles) == 0 {
		b.Log.Info("all is well again", "over", strings.Join(r.Over, "; "))
	}
	if len(paths) == 0 {
		return true // the log is all there is
	}
	reached := false
	for _, err := range Tell(ctx, paths, r) {
		if err == nil {
			reached = true
			continue
		}
		b.Log.Error("an alarm did not get through", "error", err)
	}
	return reached
}

// Tell sends a report on every path, and gives the error of each.
func Tell(ctx context.Context, paths []Path, r Report) []error {
	errs := make([]error, len(paths))
	done := make(chan int)
	for i, p := range paths {
		go func() {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			if err := p.Tell(ctx, r); err != nil {
				errs[i] = fmt.Errorf("%s: %w", p, err)
			}
			done <- i
		}()
	}
	for range paths {
		<-done
	}
	return errs
}

func (b *Bell) beats(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience/4)
	defer cancel()
	err := b.Beat(ctx)
	if (err == nil) != b.beat && !errors.Is(err, context.Canceled) {
		b.beat = err == nil
		if err != nil {
			b.Log.Warn("nobody hears that all is well", "error", err)
		}
	}
}

// Subject is the report in one line.
func (r Report) Subject() string {
	stops := 0
	for _, t := range r.Troubles {
		if !t.Warning {
			stops++
		}
	}
	switch {
	case r.Trial:
		return "Postdesk " + r.Desk + ": a trial of the alarm"
	case len(r.Troubles) == 0:
		return "Postdesk " + r.Desk + ": all is well again"
	case stops == 0:
		return "Postdesk " + r.Desk + ": a warning"
	case stops == 1 && len(r.Troubles) == 1:
		return "Postdesk " + r.Desk + ": " + cut(r.Troubles[0].What, 100)
	}
	return fmt.Sprintf("Postdesk %s: %d troubles", r.Desk, len(r.Troubles))
}

// Text is the report for people.
func (r Report) Text(again time.Duration) string {
	var b strings.Builder
	form := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
	fmt.Fprintf(&b, "The desk of %s says at %s, from node %s:\n", r.Desk, form(r.At), r.Node)
	for _, t := range r.Troubles {
		b.WriteString("\n- " + t.What)
		if !t.Since.IsZero() {
			fmt.Fprintf(&b, "\n  Since %s, %s.", form(t.Since), lasting(r.At.Sub(t.Since)))
		}
		if t.Mend != "" {
			b.WriteString("\n  To mend it: " + t.Mend)
		}
		b.WriteString("\n")
	}
	for _, o := range r.Over {
		b.WriteString("\n- Over: " + o + "\n")
	}
	switch {
	case r.Trial:
	case len(r.Troubles) > 0:
		fmt.Fprintf(&b, "\nThis is said again after %s while it lasts, and once more when all is well. Mails are kept where they are meanwhile.\n", words(again))
	default:
		b.WriteString("\nAll is well again.\n")
	}
	return b.String()
}

func lasting(d time.Duration) string {
	if d < time.Minute {
		return "just now"
	}
	return words(d) + " ago"
}

// words is a time in the unit that people would choose.
func words(d time.Duration) string {
	of := func(n int, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return fmt.Sprintf("%d %ss", n, unit)
	}
	switch {
	case d < time.Hour:
		return of(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		s := of(int(d/time.Hour), "hour")
		if m := int(d/time.Minute) % 60; m > 0 && d < 10*time.Hour {
			s += " " + of(m, "minute")
		}
		return s
	}
	return of(int(d/(24*time.Hour)), "day")
}

func cut(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
