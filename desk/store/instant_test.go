package store

import (
	"slices"
	"testing"
	"time"
)

func TestInstantText(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	for _, c := range []struct {
		name string
		t    time.Time
		want any
	}{
		{"no time is NULL", time.Time{}, nil},
		{"UTC", time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC), "2026-11-22T01:02:03.000000Z"},
		{"another zone, over midnight", time.Date(2026, 1, 1, 0, 30, 0, 0, berlin), "2025-12-31T23:30:00.000000Z"},
		{"nanoseconds are cut, not rounded", time.Date(2026, 1, 1, 0, 0, 0, 999_999_999, time.UTC), "2026-01-01T00:00:00.999999Z"},
		{"an early year", time.Date(7, 1, 1, 0, 0, 0, 0, time.UTC), "0007-01-01T00:00:00.000000Z"},
		{"past 32 bits of seconds", time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC), "2038-01-19T03:14:08.000000Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := instant(c.t).Value()
			if err != nil || got != c.want {
				t.Fatalf("Value: got %v (%v), want %v", got, err, c.want)
			}
			var back instant
			if err := back.Scan(got); err != nil {
				t.Fatal(err)
			}
			if want := c.t.Truncate(time.Microsecond); !time.Time(back).Equal(want) {
				t.Errorf("Scan: got %v, want %v", time.Time(back), want)
			}
		})
	}
}

func TestInstantRefuses(t *testing.T) {
	if v, err := instant(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)).Value(); err == nil {
		t.Errorf("year 10000: got %v, want an error, since it would sort before 9999", v)
	}
	for _, src := range []any{"2026-11-22 01:02:03+01", "", 7, "2026-11-22T01:02:03Z"} {
		var i instant
		if err := i.Scan(src); err == nil {
			t.Errorf("Scan(%#v): got %v, want an error", src, time.Time(i))
		}
	}
}

// SQLite compares the text: its order has to be the order of time, whatever zone a time came in.
func TestInstantSorts(t *testing.T) {
	times := []time.Time{
		never,
		time.Date(2026, 10, 25, 2, 30, 0, 0, time.FixedZone("CEST", 7200)),
		time.Date(2026, 10, 25, 2, 30, 0, 0, time.FixedZone("CET", 3600)),
		time.Date(2026, 10, 25, 1, 30, 0, 1000, time.UTC),
		time.Date(2026, 10, 25, 1, 30, 1, 0, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	}
	var texts []string
	for _, at := range times {
		v, err := instant(at).Value()
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, v.(string))
	}
	if !slices.IsSorted(texts) {
		t.Errorf("not sorted: %q", texts)
	}
}
