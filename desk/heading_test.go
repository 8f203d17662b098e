package desk

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A mail that names no other one belongs where its people talk of the same, and that not for ever.
func TestConversations(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	const us, eve, list = "support@desk.example", "eve@desk.example", "list@users.example"
	mail := func(ticket int64, hoursAgo int, from string, to ...string) Heading {
		return Heading{From: from, To: to, Ticket: ticket, At: noon.Add(-time.Duration(hoursAgo) * time.Hour)}
	}
	bare := func(h Heading) Heading { h.Bare = true; return h }
	const day = 24
	for _, tt := range []struct {
		name    string
		h       Heading // its At is noon
		says    string  // what else there is to it: no mark of an answer, names mails, from a list
		earlier []Heading
		want    []int64
	}{
		{"he wrote it", mail(0, 0, "kim", us), "", []Heading{mail(1, day, "kim", us)}, []int64{1}},
		{"weeks ago", mail(0, 0, "kim", us), "", []Heading{mail(1, 80*day, "kim", us)}, []int64{1}},
		{"too long ago", mail(0, 0, "kim", us), "", []Heading{mail(1, 91*day, "kim", us)}, nil},
		{"the latest of his", mail(0, 0, "kim", us), "", []Heading{mail(3, 1, "ann", us), mail(2, day, "kim", us), mail(1, 2*day, "kim", us)}, []int64{2, 1}},
		{"somebody else's, though both wrote to us", mail(0, 0, "joe", us), "", []Heading{mail(1, 1, "kim", us)}, nil},
		{"and one of us was addressed", mail(0, 0, "joe", us, eve), "", []Heading{mail(1, 1, eve, us), mail(2, 1, "kim", us, eve)}, nil},
		{"he was in copy", mail(0, 0, "bo", us), "", []Heading{mail(1, day, "kim", us, "bo")}, []int64{1}},
		{"he writes to who wrote it", mail(0, 0, "bo", us, "kim"), "", []Heading{mail(1, day, "kim", us)}, []int64{1}},
		{"and puts somebody new in copy", mail(0, 0, "kim", us, "cy"), "", []Heading{mail(1, day, "kim", us)}, []int64{1}},
		{"not an answer", mail(0, 0, "kim", us), "no mark", []Heading{mail(1, 1, "kim", us)}, nil},
		{"an answer to a mail that we never saw", mail(0, 0, "kim", us), "names", []Heading{mail(1, 1, "kim", us)}, []int64{1}},
		{"the same by who is new", mail(0, 0, "joe", us, list), "names", []Heading{mail(1, 1, "kim", list)}, nil},
		{"the same on a list", mail(0, 0, "kim", list), "names list", []Heading{mail(1, 1, "kim", list)}, nil},
		{"names mails without a mark", mail(0, 0, "kim", us), "names no mark", []Heading{bare(mail(1, 1, "kim", us)), bare(mail(1, 2, "kim", us))}, nil},
		{"his, on a list", mail(0, 0, "kim", list), "list", []Heading{mail(1, day, "kim", list)}, []int64{1}},
		{"his, on a list, days ago", mail(0, 0, "kim", list), "list", []Heading{mail(1, 2*day, "kim", list)}, nil},
		{"days ago on a list, to its writer", mail(0, 0, "joe", list, "kim"), "list", []Heading{mail(1, 20*day, "kim", list)}, []int64{1}},
		{"new to the list's talk", mail(0, 0, "joe", list), "list", []Heading{mail(1, day, "kim", list)}, []int64{1}},
		{"on another list", mail(0, 0, "joe", "other@users.example"), "list", []Heading{mail(1, 1, "kim", list)}, nil},
		{"new, and to somebody who is new", mail(0, 0, "joe", list, "cy"), "list", []Heading{mail(1, 1, "kim", list)}, nil},
		{"where he talks goes before what is later", mail(0, 0, "kim", list), "list", []Heading{mail(2, 1, "joe", list), mail(1, day, "kim", list)}, []int64{1, 2}},
		{"what he has written goes before what somebody has sent him since", mail(0, 0, "kim", us), "", []Heading{mail(2, 1, "joe", us, "kim"), mail(1, 9*day, "kim", us)}, []int64{1, 2}},
		{"a list that names nobody", mail(0, 0, "joe"), "list", []Heading{mail(1, 1, "kim")}, []int64{1}},
		{"one of nobody's to us", mail(0, 0, "joe", us), "", []Heading{mail(1, 1, "kim")}, nil},
		{"a list that takes the marks away", mail(0, 0, "joe", list), "no mark list",
			[]Heading{bare(mail(1, 1, "ann", list)), bare(mail(1, 2, "bo", list)), mail(1, 3, "kim", list)}, []int64{1}},
		{"one answer shows no habit", mail(0, 0, "joe", list), "no mark list", []Heading{bare(mail(1, 1, "ann", list)), mail(1, 3, "kim", list)}, nil},
		{"nor is a habit for ever", mail(0, 0, "joe", list), "no mark list",
			[]Heading{bare(mail(1, 2*day, "ann", list)), bare(mail(1, 2*day, "joe", list))}, nil},
		{"from nobody to nobody", mail(0, 0, "", us), "", []Heading{mail(1, 1, "", us)}, nil},
		{"clocks that differ", mail(0, 0, "kim", us), "", []Heading{mail(1, -1, "kim", us)}, []int64{1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			says := func(s string) bool { return strings.Contains(tt.says, s) }
			ours := func(address string) bool { return strings.HasSuffix(address, "@desk.example") }
			got := conversations(tt.h, !says("no mark"), says("names"), !says("list"), ours, tt.earlier)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
