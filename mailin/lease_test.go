package mailin

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/postoffice"
)

func TestLease(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, _ *recorder) {
		// Two nodes on one database, whose leases end by its clock.
		var mu sync.Mutex
		var holder *recorder
		var until time.Time
		a, b := newRecorder(), newRecorder()
		dead := false
		for _, d := range []*recorder{a, b} {
			d.lease = func() (bool, error) {
				mu.Lock()
				defer mu.Unlock()
				if d == a && dead {
					return false, desk.ErrUnavailable
				}
				if holder != d && time.Now().Before(until) {
					return false, nil
				}
				holder, until = d, time.Now().Add(leaseLasts)
				return true, nil
			}
		}
		pa, pb := poller(office, a), poller(office, b)
		stopA := start(t, pa)
		synctest.Wait()
		stopB := start(t, pb)
		deliver(t, office, mail(1))
		checkMails(t, a.wait(t, 1), 1, 1)
		time.Sleep(10 * time.Minute)
		if h := pb.Health(); h.State != Standby || len(b.all()) != 0 {
			t.Errorf("the other node is at %+v", h)
		}

		mu.Lock()
		dead = true // the first node has lost the database
		mu.Unlock()
		time.Sleep(10 * time.Second)
		if h := pa.Health(); h.State == Waiting || h.State == Polling {
			t.Errorf("the node without a lease is at %+v", h)
		}
		if h := pb.Health(); h.State != Waiting {
			t.Errorf("after ten seconds the other node is at %+v", h)
		}
		deliver(t, office, mail(2))
		got := b.wait(t, 2)
		checkMails(t, got, 1, 2) // its cursor is its own here
		stopA()
		stopB()
	})
}

func TestLeaseOfAnotherNode(t *testing.T) {
	inside(t, world(), func(t *testing.T, office *postoffice.Office, d *recorder) {
		var mu sync.Mutex
		ours := true
		set := func(yes bool) {
			mu.Lock()
			defer mu.Unlock()
			ours = yes
		}
		d.lease = func() (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			return ours, nil
		}
		p := poller(office, d)
		defer start(t, p)()
		deliver(t, office, mail(1))
		d.wait(t, 1)
		set(false)
		time.Sleep(leaseLasts)
		deliver(t, office, mail(2))
		time.Sleep(10 * time.Minute)
		if h := p.Health(); h.State != Standby || h.Error != "" || len(d.all()) != 1 {
			t.Errorf("with %d mails, health is %+v", len(d.all()), h)
		}
		set(true)
		checkMails(t, d.wait(t, 2), 1, 2)
	})
}
