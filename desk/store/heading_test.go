package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

func TestHeadings(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		const kim, ann = "kim@cust.example", "ann@acme.example"
		day := func(n int) time.Time { return t0.AddDate(0, 0, n) }
		held := &desk.Message{Base: "printer", At: day(3), Ticket: 1, Outcome: desk.OutcomeHeld, From: message.Address{Addr: kim}}
		messages := []*desk.Message{
			{Base: "printer", At: day(0), Ticket: 1, From: message.Address{Addr: kim}, To: []string{"support@desk.example", "жук@desk.example"}},
			{Base: "printer", At: day(2), Ticket: 2, From: message.Address{Addr: ann}, Bare: true},
			{Base: "printer", At: day(1), Ticket: 2, From: message.Address{Addr: kim}},
			{Base: "printer", At: day(2), Ticket: 1},
			{Base: "scanner", At: day(2), Ticket: 1, From: message.Address{Addr: kim}},
			{Base: "", At: day(2), Ticket: 1, From: message.Address{Addr: kim}},
			{Base: "printer", At: day(2), From: message.Address{Addr: kim}},
			held,
		}
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			err := errors.Join(tx.AddTicket(ctx, &desk.Ticket{}), tx.AddTicket(ctx, &desk.Ticket{}))
			for i, m := range messages {
				m.Identity = fmt.Sprint(i)
				err = errors.Join(err, tx.AddMessage(ctx, m))
			}
			return err
		})
		heading := func(i int) desk.Heading {
			m := messages[i]
			return desk.Heading{Base: m.Base, From: m.From.Addr, To: m.To, Bare: m.Bare, Ticket: m.Ticket, At: m.At}
		}
		for _, c := range []struct {
			name   string
			filter desk.HeadingFilter
			want   []int
		}{
			{"of one subject, latest first", desk.HeadingFilter{Base: "printer"}, []int{3, 1, 2, 0}},
			{"of one person", desk.HeadingFilter{Base: "printer", From: kim}, []int{2, 0}},
			{"at most so many", desk.HeadingFilter{Base: "printer", Limit: 2}, []int{3, 1}},
			{"between two times", desk.HeadingFilter{Base: "printer", Since: day(1), Until: day(1)}, []int{2}},
			{"bare ones", desk.HeadingFilter{Base: "printer", Bare: true}, []int{1}},
			{"of no subject", desk.HeadingFilter{}, nil},
			{"of one that nobody has written", desk.HeadingFilter{Base: "print"}, nil},
		} {
			if c.filter.Limit == 0 {
				c.filter.Limit = 10
			}
			if c.filter.Until.IsZero() {
				c.filter.Since, c.filter.Until = day(-1), day(9)
			}
			var want []desk.Heading
			for _, i := range c.want {
				want = append(want, heading(i))
			}
			got := read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.Heading, error) { return tx.Headings(ctx, c.filter) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, diff)
			}
		}
		// A held mail that somebody lets through is one of the conversation, and one that is moved goes along.
		update(t, st, func(ctx context.Context, tx desk.Tx) error {
			held.Outcome = desk.OutcomeReply
			return errors.Join(tx.SaveMessage(ctx, held, desk.OutcomeHeld), tx.MoveMessages(ctx, 1, 2))
		})
		got := read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.Heading, error) {
			return tx.Headings(ctx, desk.HeadingFilter{Base: "printer", Since: day(-1), Until: day(9), Limit: 10})
		})
		if len(got) != 5 || got[0].At != day(3) || got[4].Ticket != 2 {
			t.Errorf("after that: %+v", got)
		}
		update(t, st, func(ctx context.Context, tx desk.Tx) (err error) {
			for i := range 60 {
				err = errors.Join(err, tx.AddMessage(ctx, &desk.Message{Identity: fmt.Sprint("more ", i), Base: "printer", At: day(4), Ticket: 1}))
			}
			return err
		})
		got = read(t, st, func(ctx context.Context, tx desk.Tx) ([]desk.Heading, error) {
			return tx.Headings(ctx, desk.HeadingFilter{Base: "printer", Since: day(-1), Until: day(9), Limit: 100})
		})
		if len(got) != 20 || got[19].At != day(4) {
			t.Errorf("of many it finds %d", len(got))
		}
	})
}
