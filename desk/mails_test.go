package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/desk/store"
	"github.com/postdesk/postdesk/desk/store/storetest"
)

// agreed lets Kim ask for an installation and agree to its estimate, so that Eve has the ticket.
func (w *world) agreed(subject string) *desk.Ticket {
	w.Helper()
	tk := w.opened(w.mail(kim, subject, "Please install it."))
	w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("estimate", kim), "Yes"))
	w.status(tk.Number, desk.Open)
	return tk
}

// holds fails the test where a mail of ours leaves something out; white space counts as one blank, since mails are wrapped.
func (w *world) holds(m *desk.Mail, wants ...string) {
	w.Helper()
	if m == nil {
		w.Fatalf("no mail, want one with %q", wants)
	}
	text := strings.Join(strings.Fields(m.Text), " ")
	for _, want := range wants {
		if !strings.Contains(text, want) {
			w.Errorf("%s to %s does not say %q:\n%s", m.Template, m.To.Addr, want, m.Text)
		}
	}
}

// attached gives the mail files.
func (m mail) attached(files ...message.Attachment) mail {
	m.Message.Attachments = files
	return m
}

func names(refs []desk.AttachmentRef) (all []string) {
	for _, r := range refs {
		all = append(all, r.Filename)
	}
	return all
}

// What the desk says to staff is in their language, and in English in the journal (M9, S2).
func TestStaffAreToldInTheirLanguage(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		w.policy.StaffByID("eve").Language = "de"
		w.agreed("Install it")
		assigned := w.lastOf("assigned", eve)

		r := w.received(desk.OutcomeRefused, w.answer(eve, assigned, "/spent soon\n/spent -15m\n/resolved\n/estimate 1\n/wait\n/close\n/reopen\n/note x\n/assign nobody"))
		refused := w.lastOf("refused_command", eve)
		w.holds(refused,
			"Zeile 1, /spent soon: das ist keine Zeitdauer oder mehr als 100 h. Schreiben Sie zum Beispiel: /spent 45m",
			"Zeile 2, /spent -15m: Sie haben bei dieser Anfrage nur 0 Minuten erfasst",
			"Zeile 3, /resolved: diesen Befehl gibt es nicht",
			"Zeile 4, /estimate 1: der Kunde hat schon 2 Credits zugestimmt; weniger geht nicht",
			"Zeile 5, /wait: in Ordnung",
			"Zeile 6, /close: in der Mail steht schon /wait",
			"Zeile 7, /reopen: in der Mail steht schon /wait",
			"Zeile 8, /note x: dahinter darf in der Zeile nichts stehen. Schreiben Sie zum Beispiel: /note",
			"Zeile 9, /assign nobody: „nobody“ heißt niemand; möglich sind: eve, dana")
		why := strings.Join(w.message(r).Why, "\n")
		for _, want := range []string{
			`line 1, "/spent soon": this is no length of time, or more than 100 h; write it as /spent 45m`,
			`line 3, "/resolved": there is no such command`,
			`line 6, "/close": the mail already says /wait`,
		} {
			if !strings.Contains(why, want) {
				t.Errorf("the journal does not say %q: %s", want, why)
			}
		}

		w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/help"))
		w.holds(w.lastOf("command_help", eve), "/spent 45m erfasst Ihre Zeit", "/reopen nimmt eine gelöste oder geschlossene Anfrage wieder auf")

		for _, tt := range []struct {
			what  string
			level message.Level
			want  string
		}{
			{"proven to be forged", message.LevelX, "Grund: laut Prüfung ist sie nicht von Ihnen"},
			{"not proven", message.LevelA0, "Grund: weder eine Signatur noch eine Anmeldung zeigt, dass sie von Ihnen ist"},
			{"proven, and no answer to us", message.LevelA1, "Grund: sie antwortet auf keine Mail, die der Support Ihnen geschickt hat"},
		} {
			w.pass(25 * time.Hour) // one notice a day
			m := w.mail(eve, "Install it [#1]", "/close").at(tt.level)
			m.Message.From[0].Name = "Eve"
			w.received(desk.OutcomeHeld, m)
			w.holds(w.lastOf("held_notice", eve), "Von: Eve <eve@staff.example>", tt.want, "Die Prüfung vermerkt: so says the test")
		}

		w.received(desk.OutcomeCommand, w.answer(eve, assigned, "/assign dana"))
		w.policy.StaffByID("eve").Queues = []string{"office"}
		w.policy.Queue("technical").Title = policy.Text{"en": "Technical support", "de": "Technik"}
		w.received(desk.OutcomeRefused, w.answer(eve, assigned, "One more thing."))
		w.holds(w.lastOf("refused_command", eve), "Für die Warteschlange „Technik“ sind Sie nicht", "mehr zuständig.")
	})
}

// All mails to a customer about one ticket have one subject, whatever its client puts before it (M3, M9).
func TestOneSubjectForACustomer(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		w.agreed("AW: Install it")
		w.received(desk.OutcomeReply, w.answer(eve, w.lastOf("assigned", eve), "Which version?\n/spent 10m"))
		again := w.answer(kim, w.lastOf("reply", kim), "Version 3.")
		again.Message.Subject = "Re: AW: Install it [#1]"
		w.received(desk.OutcomeReply, again)
		w.received(desk.OutcomeReply, w.answer(eve, w.lastOf("new_words", eve), "Done.\n/resolve\n/spent 10m"))
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("resolved", kim), "Close"))

		var templates []string
		for _, m := range to(w.outbox(), kim) {
			templates = append(templates, m.Template)
			if want := "Re: Install it [#1]"; m.Subject != want {
				t.Errorf("%s has the subject %q, want %q", m.Template, m.Subject, want)
			}
		}
		w.same("mails", templates, []string{"estimate", "confirmed", "reply", "resolved", "closed"})
		for _, template := range []string{"assigned", "new_words"} {
			if got, want := w.lastOf(template, eve).Subject, "[#1] Install it"; got != want {
				t.Errorf("%s has the subject %q, want %q", template, got, want)
			}
		}
	})
}

// Files that do not travel are named in the mail, not silently missing (M10).
func TestFilesThatStayAreNamed(t *testing.T) {
	const mib = 1 << 20
	files := []message.Attachment{
		{Part: "2", Filename: "rows.csv", Size: mib},
		{Part: "3", Filename: "dump.sql", Size: 10 * mib},
		{Part: "4", Filename: "logo.png", Size: 1000, Inline: true},
		{Part: "5", Filename: "fits.log", Size: 9 * mib},
	}
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		w.agreed("Install it")
		w.received(desk.OutcomeReply, w.answer(kim, w.lastOf("confirmed", kim), "See the files.").attached(files...))
		m := w.lastOf("new_words", eve)
		w.same("travels to the engineer", names(m.Attachments), []string{"rows.csv", "fits.log"})
		w.holds(m, "Attached: - rows.csv - fits.log Not attached here, but kept with the request: - dump.sql - logo.png The request")

		w.received(desk.OutcomeReply, w.answer(eve, m, "Here you are.\n/spent 10m").attached(files...))
		m = w.lastOf("reply", kim)
		w.same("travels to the customer", names(m.Attachments), []string{"rows.csv", "fits.log"})
		w.holds(m, "not attached (all files together may have 10 MiB): - dump.sql We keep it with your request.")
		if mentions(m, "logo.png") {
			t.Error("the picture of a signature is named to the customer")
		}

		w.received(desk.OutcomeReply, w.answer(eve, m, "Small.\n/resolve\n/spent 0m").to(w.lastOf("new_words", eve).ReplyTo.Addr).attached(files[0]))
		m = w.lastOf("resolved", kim)
		w.same("travels where all fit", names(m.Attachments), []string{"rows.csv"})
		if mentions(m, "not attached") {
			t.Errorf("a mail that carries all says that it does not:\n%s", m.Text)
		}

		w.opened(w.mail(kim, "Which one?", "A question.").attached(files[0]))
		m = w.lastOf("unassigned", dana)
		w.same("travels to a dispatcher", names(m.Attachments), nil)
		w.holds(m, "Not attached here, but kept with the request: - rows.csv")
		if mentions(m, "Attached:") {
			t.Errorf("a mail without files says that it has some:\n%s", m.Text)
		}
	})
}

// Who is warned of a ticket that nobody has learns whom it may go to (S5).
func TestClocksOfATicketThatNobodyHas(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		tk := w.opened(w.mail(kim, "Which one?", "A question."))
		w.pass(72 * time.Hour)
		for _, template := range []string{"unassigned", "clock_warning", "clock_breach"} {
			w.holds(w.lastOf(template, dana), "/assign NAME", "The name is one of: eve, max, dana.")
		}
		w.received(desk.OutcomeCommand, w.answer(dana, w.lastOf("clock_breach", dana), "/assign max"))
		if got := w.ticket(tk.Number).Assignee; got != "max" {
			t.Errorf("the ticket is %q's, want max's", got)
		}
		w.pass(72 * time.Hour)
		if m := w.lastOf("clock_breach", maxx); m == nil || mentions(m, "The name is one of") {
			t.Errorf("a breach of a ticket that Max has: %v", m)
		}
	})
}
