package desk_test

import (
	"errors"
	"io"
	"testing"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// A lostSource is one that cannot be read any more.
type lostSource struct{}

func (lostSource) Open() (io.ReadCloser, error) { return nil, errors.New("the spool is gone") }
func (lostSource) Size() int64                  { return 100 }

// TestReceiveTogether: mails that come together are decided each over the ones before it, and one that cannot be taken costs none of
// those, whether it stands among them or is tried again.
func TestReceiveTogether(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		d := benchDesk(t, st)
		if err := d.AddAccount(t.Context(), benchAccount); err != nil {
			t.Fatal(err)
		}
		var mails []desk.Arrival
		for i := range 9 {
			m := benchMail(i)
			if i%3 == 2 {
				m.Message.From = mails[i-1].Message.From // whom it answers
			}
			mails = append(mails, m)
		}
		again := benchMail(0)
		again.Position.UID = 10
		mails = append(mails, again)

		check := func(from int, got []desk.Reception, n int) {
			t.Helper()
			if len(got) != n {
				t.Fatalf("%d receptions, want %d", len(got), n)
			}
			for i, r := range got {
				i += from
				want := desk.OutcomeNew
				switch {
				case i == 9:
					want = desk.OutcomeDuplicate
				case i%3 == 2:
					want = desk.OutcomeReply
				}
				if r.Position.UID != uint32(i+1) || r.Outcome != want {
					t.Errorf("mail %d is UID %d, %s; want %s", i, r.Position.UID, r.Outcome, want)
				}
			}
		}
		whole := mails[4].Source
		mails[4].Source = lostSource{}
		got, err := d.Receive(t.Context(), mails)
		if err == nil {
			t.Fatal("a mail without its source was taken")
		}
		check(0, got, 4)
		mails[4].Source = whole
		if got, err = d.Receive(t.Context(), mails[4:]); err != nil {
			t.Fatal(err)
		}
		check(4, got, 6)
		if got[1].Ticket == 0 || got[1].Ticket != got[0].Ticket { // 5 answers 4
			t.Errorf("the answer is on ticket %d, want %d", got[1].Ticket, got[0].Ticket)
		}

		// The same call again changes nothing.
		if got, err = d.Receive(t.Context(), mails); err != nil {
			t.Fatal(err)
		}
		check(0, got, 10)
		tickets := map[int64]bool{}
		for _, r := range got {
			tickets[r.Ticket] = true
		}
		if len(tickets) != 6 {
			t.Errorf("they are on %d tickets, want 6", len(tickets))
		}
	})
}
