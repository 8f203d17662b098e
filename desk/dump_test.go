package desk_test

import (
	"bytes"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// tokenLike is what looks like a token of ours in a reply address or a Message-ID.
var tokenLike = regexp.MustCompile(`[+.]([a-z2-7]{24,64})@desk\.example`)

// Whoever has a copy of the database, and nothing else, can neither sign in nor act (T111). What works for whoever holds it, such as a
// link, a session or a sign-in at a provider, is not there to be read. Tokens of reply addresses and Message-IDs are: they stand in every
// mail that came in as well, which is kept as it was. They are no passwords. One counts only in a mail that proves the address that it was
// made for, so each of them is tried here by everybody else.
func TestT111DatabaseAlone(t *testing.T) {
	for engine, open := range map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "desk.db") },
		"postgres": storetest.PostgresDSN,
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			dsn := open(t)
			w := newWorld(t, storetest.Open(t, dsn))
			w.policy = readPolicy(t, worldPolicy+"portal: {url: \"https://help.desk.example\"}\n")
			w.useKeys("a")

			// Live tokens of each purpose: an estimate that waits for its yes, an answer that Kim may answer, what Eve works on, a held mail.
			offer := w.opened(w.mail(kim, "Shop", "Please install it."))
			w.opened(w.mail(ann, "A question", "How do I do that?"))
			w.opened(w.mail(ann, "Another", "Please install it, I am new."))
			w.received(desk.OutcomeNew, w.mail(sam, "Hello", "Hello, who are you?"))
			w.received(desk.OutcomeHeld, w.mail(eve, "Hello", "/close").at(message.LevelX))

			// Live secrets.
			var secret []string
			if err := w.desk.Ask(t.Context(), desk.PleaSignIn, kim); err != nil {
				t.Fatal(err)
			}
			if n, err := w.desk.AnswerPleas(t.Context()); err != nil || n != 1 {
				t.Fatalf("%d pleas, %v", n, err)
			}
			link := w.lastOf("sign_in_link", kim)
			if !link.Sealed || !strings.Contains(link.Text, "/enter/(kept-sealed)") || !strings.Contains(link.HTML, "/enter/(kept-sealed)") {
				t.Fatalf("the mail is kept as %q", link.Text)
			}
			if err := w.desk.Reveal(t.Context(), link); err != nil {
				t.Fatal(err)
			}
			oneTime := regexp.MustCompile(`/enter/([A-Za-z0-9_-]{43})\s`).FindStringSubmatch(link.Text)
			if oneTime == nil || strings.Count(link.HTML, oneTime[1]) == 0 {
				t.Fatalf("the mail goes out as %q", link.Text)
			}
			if err := w.desk.KeepMIME(t.Context(), &desk.Composed{Mail: link, Bytes: bytes.NewReader([]byte("MIME of " + link.Text))}); err != nil {
				t.Fatal(err)
			}
			var mime bytes.Buffer
			if err := w.desk.MIME(t.Context(), link, &mime); err != nil || mime.String() != "MIME of "+link.Text {
				t.Fatalf("its bytes: %q, %v", &mime, err)
			}
			again := w.mailNow(link.ID)
			if err := w.desk.KeepMIME(t.Context(), &desk.Composed{Mail: again, Bytes: strings.NewReader("other bytes")}); err != nil {
				t.Fatal(err)
			}
			mime.Reset()
			if err := w.desk.MIME(t.Context(), again, &mime); err != nil || mime.String() != "MIME of "+link.Text {
				t.Errorf("a second try sends %q, %v", &mime, err)
			}
			refresh := "refresh-token-of-the-provider"
			if err := w.desk.KeepSecret(t.Context(), desk.SecretName{Kind: "oauth", Owner: "house", What: us}, []byte(refresh)); err != nil {
				t.Fatal(err)
			}
			secret = append(secret, oneTime[1], refresh)
			dump := w.nothingReadable(dsn, secret...)

			session, v, err := w.desk.Enter(t.Context(), oneTime[1])
			if err != nil || v.Contact.Address != kim {
				t.Fatalf("the link was none: %v, %v", v, err)
			}
			w.nothingReadable(dsn, append(secret, session)...)

			// When the link is sent nothing of it stays, sealed or not.
			if err := w.desk.Tried(t.Context(), desk.Attempt{Mail: link.ID, At: w.now, State: desk.MailSent}); err != nil {
				t.Fatal(err)
			}
			if left := w.secrets(); len(left) != 1 || left[0].Kind != "oauth" {
				t.Errorf("after the link was sent there are %v", left)
			}

			// Every token, in the hands of whoever has the copy: he can prove his own address, and claim any other one.
			var tokens []string
			for _, m := range tokenLike.FindAllStringSubmatch(string(dump), -1) {
				if !slices.Contains(tokens, m[1]) {
					tokens = append(tokens, m[1])
				}
			}
			if len(tokens) < 8 {
				t.Fatalf("%d tokens in the copy: too few to show anything", len(tokens))
			}
			state := func() (all []any) {
				for n := offer.Number; n <= offer.Number+3; n++ {
					tk := w.ticket(n)
					joined := slices.DeleteFunc(w.messages(n), func(m *desk.Message) bool { return m.Outcome == desk.OutcomeHeld })
					all = append(all, tk.Status, tk.Assignee, tk.Minutes, len(joined), len(tk.Participants))
				}
				return append(all, w.balance("cust"), w.held("cust"), w.balance("acme"), w.held("acme"), w.postings())
			}
			before := state()
			for i, token := range tokens {
				w.now = w.now.Add(20 * time.Minute)
				address := message.WithToken(us, token)
				id := message.NewID(token, "stolen", "desk.example")
				for _, attack := range []mail{
					w.mail("mallory@evil.example", "Re: Shop", "yes").to(address),
					w.mail("mallory@evil.example", "Re: Shop", "/close").to(address),
					w.mail(kim, "Re: Shop", "yes").to(address).at(message.LevelX),
					w.mail(eve, "Re: Shop", "/close").to(address).at(message.LevelX),
				} {
					attack.Message.InReplyTo = []message.ID{id}
					attack.Message.References = []message.ID{id}
					w.receive(attack)
				}
				if diff := cmp.Diff(before, state()); diff != "" {
					t.Fatalf("token %d of %d, %s, has moved something:\n%s", i, len(tokens), token, diff)
				}
			}
			for _, m := range to(w.outbox(), "mallory@evil.example") {
				for _, theirs := range []string{"kim", "ann@", "cust", "acme", "How do I do that"} {
					if strings.Contains(strings.ToLower(m.Text+m.Subject), theirs) {
						t.Errorf("he is told of %q in %s: %s", theirs, m.Template, m.Text)
					}
				}
			}
			// In the right hands the same token works.
			w.now = w.now.Add(time.Minute)
			w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "yes"))
			w.status(offer.Number, desk.Open)
		})
	}
}

// nothingReadable looks for secrets in all that the database holds, and gives it.
func (w *world) nothingReadable(dsn string, secrets ...string) []byte {
	w.Helper()
	dump := storetest.Dump(w, dsn, w.store)
	if !bytes.Contains(dump, []byte("Please install it.")) {
		w.Fatal("what Kim wrote is not in the dump, so nothing can be found in it")
	}
	for _, s := range secrets {
		if bytes.Contains(dump, []byte(s)) {
			at := bytes.Index(dump, []byte(s))
			w.Errorf("%q can be read: ...%s", s, dump[max(0, at-200):at])
		}
	}
	return dump
}
