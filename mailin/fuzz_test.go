package mailin

import (
	"strings"
	"testing"
	"time"
)

// FuzzIMAPReply: whatever a server answers, the poller neither falls nor hangs, gives the desk only mails that are as long as they say, and
// ends when it is told to.
func FuzzIMAPReply(f *testing.F) {
	f.Add("* 1 FETCH (UID 1 RFC822.SIZE 30)\r\n", "* 1 FETCH (UID 1 BODY[] {30}\r\n"+short+")\r\n", "")
	f.Add("* 1 FETCH (UID 1 RFC822.SIZE -1 INTERNALDATE \"x\")\r\n", "* 1 FETCH (BODY[] \"a\\\"b\" UID 1)\r\n", "* 2 EXISTS\r\n* 1 EXPUNGE\r\n")
	f.Add("* 4294967295 FETCH (UID 0)\r\n* BYE\r\n", "* 1 FETCH (UID 1 BODY[] NIL)\r\n+ \r\n", "* SEARCH 1 1 2 0\r\n")
	f.Add("* 1 FETCH (ENVELOPE (((((\r\n", "* 1 FETCH (UID 1 BODY[]<0> {5}\r\nab", "* ESEARCH (TAG \"x\") UID ALL 1:*\r\n")
	f.Fuzz(func(t *testing.T, list, mail, search string) {
		if len(list)+len(mail)+len(search) > 4<<10 {
			return
		}
		s := &script{mails: 2, answers: [][2]string{{listing, list}, {"BODY.PEEK", mail}, {"SEARCH", search}}}
		scripted(t, s, func(t *testing.T, p *Poller, d *recorder) {
			time.Sleep(5 * time.Minute)
			for _, m := range d.all() {
				if m.UID == 0 || m.UID > 2 || int64(len(m.raw)) != m.size {
					t.Errorf("the desk has UID %d with %d bytes of %d", m.UID, len(m.raw), m.size)
				}
				if !strings.Contains(mail, m.raw) && len(m.notes) == 0 {
					t.Errorf("the desk has %q, which the server never said", m.raw)
				}
			}
		})
	})
}
