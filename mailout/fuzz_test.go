package mailout

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
)

// FuzzSMTPReply: whatever a server answers, the sender neither falls nor hangs, takes no mail for sent that was not accepted, and writes
// down one short line of what was said.
func FuzzSMTPReply(f *testing.F) {
	f.Add("220 mx|250-mx\r\n250 AUTH PLAIN|235 ok|250 ok|250 ok|354 go on|250 2.0.0 queued")
	f.Add("220-a\r\n220 b|250 mx|550 5.7.1 no|250 ok")
	f.Add("220 mx|250-mx\r\n250 AUTH PLAIN|235|250|250|354|550-a\r\n550 b")
	f.Add("220 mx|250-SIZE 99999999999999999999\r\n250-AUTH\r\n250 SMTPUTF8|334 |334 x|999 x|25")
	f.Fuzz(func(t *testing.T, said string) {
		if len(said) > 2<<10 {
			return
		}
		m := plainMail()
		inWorld(t, newOutbox(m), func(w *world) {
			plain(w)
			w.sender.Dial = func(context.Context, string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				go func() {
					defer theirs.Close()
					lines, data := bufio.NewScanner(theirs), false
					for reply := range strings.SplitSeq(said, "|") {
						if _, err := fmt.Fprintf(theirs, "%s\r\n", reply); err != nil {
							return
						}
						data = strings.HasPrefix(reply, "354")
						for lines.Scan() && data && lines.Text() != "." {
						}
					}
				}()
				return ours, nil
			}
		}, func(t *testing.T, w *world) {
			time.Sleep(2 * time.Hour)
			for _, a := range w.results(m.ID) {
				if a.State == desk.MailSent && !strings.Contains(said, "250") {
					t.Errorf("sent, says %+v", a)
				}
				if strings.ContainsAny(a.Text, "\r\n\x00") || len(a.Text) > 1000 {
					t.Errorf("it keeps %q", a.Text)
				}
			}
		})
	})
}
