package mailin

import (
	"errors"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/postdesk/postdesk/desk"
)

// A trouble is what one mail has made so far. The mail is asked for some times, then less of it, so that it does not stop those behind it
// for ever (F31).
type trouble struct {
	rung    int       // how much is asked for
	tries   int       // of this rung
	since   time.Time // when it was first stumbled over, on this rung
	why     string
	asked   time.Time // when the DNS was first asked about it, where it did not answer
	refused int       // times the desk did not take it
	unread  bool      // it is handed over as a source that nobody has read
}

const (
	wholeRung = iota
	headerRung
	nothingRung

	triesOfRung = 3
	timeOfRung  = 30 * time.Second // at least, for a server that is being restarted says no as well
)

func (p *Poller) troubleOf(at desk.Position) *trouble {
	t := p.trouble[at]
	if t == nil {
		t = &trouble{since: p.Now()}
		p.trouble[at] = t
	}
	return t
}

// stumble counts what may be the fault of this mail.
func (p *Poller) stumble(at desk.Position, err error) {
	answer := (*imap.Error)(nil)
	switch own := (*copyError)(nil); {
	case errors.As(err, &own), errors.As(err, &answer) && passing(answer):
		return
	}
	t := p.troubleOf(at)
	t.tries++
	t.why = err.Error()
	switch {
	case errors.Is(err, errTooLong) && t.rung == wholeRung:
	case t.tries >= triesOfRung && p.Now().Sub(t.since) >= timeOfRung:
	default:
		return
	}
	t.rung, t.tries, t.since = min(t.rung+1, nothingRung), 0, p.Now()
	p.Log.Warn("mail cannot be fetched, less of it is asked for", "mailbox", at.Mailbox, "folder", at.Folder, "uid", at.UID, "error", err)
}

// reject counts how often the desk has refused a mail. It is never left out: in the end its source alone is handed over, for a person to
// look at, and as long as that does not work either the mailbox waits, and says so.
func (p *Poller) reject(at desk.Position) {
	t := p.troubleOf(at)
	t.refused++
	if t.refused >= triesOfRung && !t.unread {
		t.unread = true
		p.Log.Error("the desk does not take a mail, its source alone is handed over", "mailbox", at.Mailbox, "folder", at.Folder, "uid", at.UID)
	}
}
