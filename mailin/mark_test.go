package mailin

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/postoffice"
)

func TestMarks(t *testing.T) {
	tests := []struct {
		name       string
		flag, move string
		without    []string
		want       []string // folder, UID, flags
	}{
		{"nothing", "", "", nil, []string{"INBOX 1 []", "INBOX 2 []"}},
		{"a keyword", "$Desk", "", nil, []string{"INBOX 1 [$Desk]", "INBOX 2 [$Desk]"}},
		{"another folder", "", "Done", nil, []string{"Done 1 []", "Done 2 []"}},
		{"both", "$Desk", "Done", nil, []string{"Done 1 [$Desk]", "Done 2 [$Desk]"}},
		{"another folder without MOVE", "", "Done", []string{"MOVE"}, []string{"Done 1 []", "Done 2 []"}},
		{"another folder without MOVE and UIDPLUS", "$Desk", "Done", []string{"MOVE", "UIDPLUS"}, []string{"INBOX 1 [$Desk]", "INBOX 2 [$Desk]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := world()
			o.Without = tt.without
			inside(t, o, func(t *testing.T, office *postoffice.Office, d *recorder) {
				deliverMails(t, office, 1, 2)
				d.refuse = func(a desk.Arrival) error {
					for _, m := range office.Mails(box) {
						if m.Folder != "INBOX" || len(m.Flags) != 0 {
							t.Errorf("UID %d is marked before the desk has it: %s %v", m.UID, m.Folder, m.Flags)
						}
					}
					return nil
				}
				p := poller(office, d)
				p.Mailbox.IMAP.Flag, p.Mailbox.IMAP.Move = tt.flag, tt.move
				stop := start(t, p)
				d.wait(t, 2)
				synctest.Wait()
				stop()
				if got := folders(office); !slices.Equal(got, tt.want) {
					t.Errorf("the server has %v, want %v", got, tt.want)
				}
				checkMails(t, d.all(), 1, 2)
			})
		})
	}
}

func TestCrashBeforeTheMarkCostsASecondLookOnly(t *testing.T) {
	for _, tt := range []struct {
		name, command string
		without       []string
		want          []string
	}{
		{"flag", "STORE", nil, []string{"INBOX 1 [$Desk]", "INBOX 2 [$Desk]"}},
		{"move", "MOVE", nil, []string{"Done 1 []", "Done 2 []"}},
		{"copy", "COPY", []string{"MOVE"}, []string{"Done 1 []", "Done 2 []"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := world()
			o.Without = tt.without
			inside(t, o, func(t *testing.T, office *postoffice.Office, d *recorder) {
				deliverMails(t, office, 1, 2)
				office.IMAPFaults(postoffice.IMAPFault{Command: tt.command, How: postoffice.Hang})
				first := poller(office, d)
				second := poller(office, d)
				for _, p := range []*Poller{first, second} {
					if tt.command == "STORE" {
						p.Mailbox.IMAP.Flag = "$Desk"
					} else {
						p.Mailbox.IMAP.Move = "Done"
					}
				}
				stop := start(t, first)
				d.wait(t, 2)
				synctest.Wait() // it hangs right before the mark
				stop()
				if got, want := folders(office), []string{"INBOX 1 []", "INBOX 2 []"}; !slices.Equal(got, want) {
					t.Fatalf("at the crash the server has %v, want %v", got, want)
				}
				office.IMAPFaults()
				stop = start(t, second)
				time.Sleep(time.Minute)
				stop()
				if got := folders(office); !slices.Equal(got, tt.want) {
					t.Errorf("the server has %v, want %v", got, tt.want)
				}
				checkMails(t, d.all(), 1, 2)
			})
		})
	}
}

func TestT095MoveIsRefused(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		deliverMails(t, office, 1, 2)
		office.IMAPFaults(postoffice.IMAPFault{Command: "MOVE", Text: "not today"})
		p := poller(office, d)
		p.Mailbox.IMAP.Move = "Done"
		defer start(t, p)()
		d.wait(t, 2)
		deliver(t, office, mail(3))
		checkMails(t, d.wait(t, 3), 1, 3)
		synctest.Wait()
		if h := p.Health(); h.State != Waiting || !strings.Contains(h.Error, "not today") {
			t.Errorf("health is %+v", h)
		}
	})
}

// Copied to the other folder, and not taken out of this one: the copy is made once, and nothing is read twice.
func TestT095CopiedAndNotExpunged(t *testing.T) {
	for _, how := range []postoffice.IMAPFault{{Command: "EXPUNGE", Text: "not today"}, {Command: "EXPUNGE", How: postoffice.Hang}} {
		o := world()
		o.Without = []string{"MOVE"}
		inside(t, o, func(t *testing.T, office *postoffice.Office, d *recorder) {
			deliverMails(t, office, 1, 2)
			office.IMAPFaults(how)
			for range 3 {
				p := poller(office, d)
				p.Mailbox.IMAP.Move = "Done"
				stop := start(t, p)
				d.wait(t, 2)
				time.Sleep(10 * time.Minute)
				stop()
			}
			got := folders(office)
			if want := []string{"Done 1 []", "Done 2 []", `INBOX 1 [\Deleted]`, `INBOX 2 [\Deleted]`}; !slices.Equal(slices.Sorted(slices.Values(got)), want) {
				t.Errorf("the server has %v, want %v", got, want)
			}
			checkMails(t, d.all(), 1, 2)
		})
	}
}
