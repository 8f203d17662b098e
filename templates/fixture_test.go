package templates

import (
	"testing"
	"time"
	_ "time/tzdata"
)

// in returns a value by language: what people wrote stands in English beside all languages but German.
func in(lang, en, de string) string {
	if lang == "de" {
		return de
	}
	return en
}

func moment(t testing.TB, s string) Moment {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", s, berlin)
	if err != nil {
		t.Fatal(err)
	}
	return Moment{T: at.UTC(), Zone: berlin}
}

// anna is the customer of the golden files, bo the engineer. They have what such mails usually have, in the language of the mail.

func anna(t testing.TB, lang string) *Customer {
	answer, solution := moment(t, "2026-11-24 15:00"), moment(t, "2026-11-26 18:00")
	balance := int64(5)
	return &Customer{
		Desk:           "Acme Support",
		Name:           "Anna Muster",
		Number:         123,
		Subject:        in(lang, "Import stops at row 4000", "Import bricht bei Zeile 4000 ab"),
		Class:          in(lang, "Installation and configuration", "Installation und Konfiguration"),
		Product:        "Classifieds",
		CreditMinutes:  30,
		Balance:        &balance,
		Estimate:       &Range{Min: 1, Max: 3},
		FirstResponse:  &answer,
		Resolution:     &solution,
		Promised:       true,
		CloseAfterDays: 5,
		ReopenDays:     14,
	}
}

// notice is what a policy says beside the usual.
func notice(lang string) PublicText {
	return PublicText(in(lang, "Help with an installation is at help@desk.example.\n\nUrgent help by the hour is at premium@desk.example.",
		"Hilfe bei einer Installation gibt es unter help@desk.example.\n\nDringende Hilfe nach Stunden gibt es unter premium@desk.example."))
}

// byTheHour is an agreement that nothing was worked on yet.
func byTheHour(lang string) *Hourly {
	return &Hourly{Kind: in(lang, "Technical", "Technik"), PerHour: "20.00 USD", Unit: 1, Cap: "60.00 USD"}
}

func answer(lang string) PublicText {
	return PublicText(in(lang,
		"Hello Anna,\n\nthe file is saved as UTF-16, which the import cannot read. Please save it as UTF-8 and start again:\n\n    import --from rows.csv\n\nBest wishes\nBo",
		"Guten Tag Frau Muster,\n\ndie Datei ist als UTF-16 gespeichert, und das kann der Import nicht lesen. Bitte speichern Sie sie als UTF-8 und beginnen Sie noch einmal:\n\n    import --from rows.csv\n\nViele Grüße\nBo"))
}

func bo(t testing.TB, lang string) *Staff {
	answer, solution := moment(t, "2026-11-24 15:00"), moment(t, "2026-11-26 18:00")
	balance := int64(5)
	return &Staff{
		Desk:          "Acme Support",
		To:            "Bo",
		Number:        123,
		Subject:       in(lang, "Import stops at row 4000", "Import bricht bei Zeile 4000 ab"),
		From:          "Anna Muster <anna@cust.example>",
		Level:         "A1",
		Customer:      "Muster & Söhne",
		Plan:          in(lang, "Vendor", "Hersteller"),
		Balance:       &balance,
		Class:         in(lang, "Installation and configuration", "Installation und Konfiguration"),
		Queue:         in(lang, "System engineers", "Systemtechnik"),
		Priority:      "high",
		Product:       "Classifieds",
		Billing:       "credits",
		Estimate:      &Range{Min: 1, Max: 3},
		FirstResponse: &answer,
		Resolution:    &solution,
		TicketURL:     "https://desk.example/tickets/123",
		Words: PublicText(in(lang,
			"Hello,\n\nthe import stops at row 4000 and says:\n\n    unexpected byte 0xff\n\nWhat can I do?\n\nAnna",
			"Guten Tag,\n\nder Import bricht bei Zeile 4000 ab und meldet:\n\n    unexpected byte 0xff\n\nWas kann ich tun?\n\nAnna")),
		Attachments: []string{"rows.csv", "import log.txt"},
	}
}

func withHistory(t testing.TB, lang string, s *Staff) {
	s.History = []Line{
		{At: moment(t, "2026-11-23 10:30"), Who: "Bo", Internal: true,
			Text: InternalText(in(lang, "Looks like UTF-16 to me.", "Sieht mir nach UTF-16 aus."))},
		{At: moment(t, "2026-11-23 09:05"), Who: "Anna Muster",
			Text: InternalText(in(lang, "Is there a limit of rows?\nI found none in the manual.",
				"Gibt es eine Grenze für Zeilen?\nIm Handbuch steht keine."))},
	}
}

// goldens are the mails in testdata, each changed from anna or bo to what it is for. A variant stands after a dash.
var goldens = map[string]func(t testing.TB, lang string, c *Customer, s *Staff){
	"acknowledgement": func(t testing.TB, lang string, c *Customer, s *Staff) { c.Free, c.Estimate = true, nil },
	"acknowledgement-aim": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Free, c.Promised, c.Resolution = true, false, nil
	},
	"acknowledgement-minimal": minimal,
	"acknowledgement-page": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Free, c.Estimate, c.TicketURL = true, nil, "https://desk.example/tickets/123"
	},
	"acknowledgement-notice": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Free, c.Estimate, c.Notice = true, nil, notice(lang)
	},
	"acknowledgement_unverified": nil,
	"agreement": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Hourly, c.Estimate, c.CloseAfterDays = byTheHour(lang), nil, 10
		c.Notice = notice(lang)
	},
	"agreement-more": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Hourly, c.Estimate, c.CloseAfterDays = byTheHour(lang), nil, 10
		c.Hourly.TotalMinutes, c.Hourly.Cost, c.Hourly.Cap = 200, "60.00 USD", "120.00 USD"
	},
	"agreement-minimal": minimal,
	"closed-hourly": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Hourly, c.Estimate, c.Balance = byTheHour(lang), nil, nil
		c.Hourly.TotalMinutes, c.Hourly.Cost = 75, "25.00 USD"
	},
	"reply-hourly": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Words, c.Hourly, c.Estimate = answer(lang), byTheHour(lang), nil
		c.Hourly.Minutes, c.Hourly.TotalMinutes, c.Hourly.Cost = 30, 75, "25.00 USD"
	},
	"ask_close": nil,
	"awaiting_reminder": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Awaiting, c.CloseAfterDays, c.ConfirmURL = "confirmation", 10, "https://desk.example/confirm/3fq8"
	},
	"awaiting_reminder-credits": func(t testing.TB, lang string, c *Customer, s *Staff) {
		lowBalance(t, lang, c, s)
		c.Awaiting, c.CloseAfterDays, c.TopUpURL = "credits", 10, "https://desk.example/credits"
	},
	"awaiting_reminder-details": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Awaiting, c.CloseAfterDays, c.Estimate = "details", 10, nil
	},
	"closed": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.ClosedBy, c.Spent = "silence", &Spent{TotalMinutes: 75, Credits: 3, Max: 3}
		c.ManagementContact = "management@desk.example"
	},
	"closed-customer": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.ClosedBy, c.Spent, c.ReopenDays = "customer", &Spent{}, 0
	},
	"closed-answered": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Words, c.Spent = answer(lang), &Spent{TotalMinutes: 20, Credits: 1, Max: 3}
	},
	"confirm_elsewhere": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Estimate, c.ConfirmLimit = &Range{Min: 4, Max: 6}, 4
		c.ConfirmURL = "https://desk.example/confirm/3fq8"
	},
	"confirm_elsewhere-unproven": nil,
	"confirmed": func(t testing.TB, lang string, c *Customer, s *Staff) {
		left := int64(2)
		c.Balance = &left
	},
	"declined":      nil,
	"declined-used": func(t testing.TB, lang string, c *Customer, s *Staff) { moreThanAgreed(c) },
	"details_needed": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Details = []string{in(lang, "the version that you use, such as 4.2", "die Version, die Sie verwenden, etwa 4.2"), in(lang, "the log file", "die Logdatei")}
		c.Notice = notice(lang)
	},
	"details_needed-minimal": minimal,
	"put_again": func(t testing.TB, lang string, c *Customer, s *Staff) {
		*c = Customer{Desk: c.Desk, Number: c.Number, ManagementContact: "management@desk.example"}
	},
	"put_again-minimal": minimal,
	"way_in":            func(t testing.TB, lang string, c *Customer, s *Staff) { c.Notice = notice(lang) },
	"way_in-minimal":    minimal,
	"estimate": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.FirstResponse, c.Resolution, c.CloseAfterDays = nil, nil, 10
		c.FirstResponseTarget = Span(lang, 1, "working day")
		c.ConfirmURL = "https://desk.example/confirm/3fq8"
	},
	"estimate-short": func(t testing.TB, lang string, c *Customer, s *Staff) {
		lowBalance(t, lang, c, s)
		c.ConfirmURL, c.TopUpURL = "https://desk.example/confirm/3fq8", "https://desk.example/credits"
		c.FirstResponse, c.Resolution, c.CloseAfterDays = nil, nil, 10
	},
	"estimate-others": func(t testing.TB, lang string, c *Customer, s *Staff) {
		lowBalance(t, lang, c, s)
		c.NotHis, c.TicketURL = true, "https://desk.example/tickets/123"
		c.FirstResponse, c.Resolution, c.CloseAfterDays = nil, nil, 10
	},
	"estimate-payer": func(t testing.TB, lang string, c *Customer, s *Staff) {
		lowBalance(t, lang, c, s)
		c.AskedBy, c.ConfirmURL = "Lee Kim <lee@cust.example>", "https://desk.example/confirm/3fq8"
		c.FirstResponse, c.Resolution, c.CloseAfterDays = nil, nil, 10
	},
	"estimate-asked": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.NotHis, c.Payers = true, []string{"Anna Smith", "Ben"}
		c.FirstResponse, c.Resolution, c.CloseAfterDays = nil, nil, 10
	},
	"agreement-payer": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.AskedBy, c.Estimate, c.Hourly = "Lee Kim <lee@cust.example>", nil, byTheHour(lang)
	},
	"confirmed-payer": func(t testing.TB, lang string, c *Customer, s *Staff) { c.AskedBy = "Lee Kim <lee@cust.example>" },
	"declined-payer":  func(t testing.TB, lang string, c *Customer, s *Staff) { c.AskedBy = "Lee Kim <lee@cust.example>" },
	"declined-asked":  func(t testing.TB, lang string, c *Customer, s *Staff) { c.Payers = []string{"Anna Smith"} },
	"estimate_renewed-others": func(t testing.TB, lang string, c *Customer, s *Staff) {
		lowBalance(t, lang, c, s)
		c.NotHis, c.Estimate = true, &Range{Min: 2, Max: 4}
	},
	"confirm_elsewhere-others": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.NotHis, c.TicketURL = true, "https://desk.example/tickets/123"
	},
	"agreement-others": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.NotHis, c.TicketURL, c.Estimate, c.Hourly = true, "https://desk.example/tickets/123", nil, byTheHour(lang)
	},
	"estimate-minimal": minimal,
	"estimate-limit": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.FirstResponse, c.Resolution, c.CloseAfterDays = nil, nil, 10
		c.Estimate, c.ConfirmLimit = &Range{Min: 4, Max: 6}, 4
	},
	"estimate-more": func(t testing.TB, lang string, c *Customer, s *Staff) {
		moreThanAgreed(c)
		c.FirstResponse, c.Resolution, c.CloseAfterDays = nil, nil, 10
	},
	"estimate_renewed": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Estimate = &Range{Min: 2, Max: 4}
	},
	"estimate_requested": nil,
	"linked":             func(t testing.TB, lang string, c *Customer, s *Staff) { c.Related, c.Estimate = 98, nil },
	"linked-minimal":     minimal,
	"not_understood": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Words = PublicText(in(lang, "Sounds good, but could you do it on Friday?", "Klingt gut, aber ginge es auch am Freitag?"))
	},
	"reopened": func(t testing.TB, lang string, c *Customer, s *Staff) { c.Estimate = nil },
	"reply": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Words, c.Spent = answer(lang), &Spent{Minutes: 45, TotalMinutes: 75, Credits: 3, Max: 3}
	},
	"reply-kept": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Words, c.Kept, c.MailLimit = answer(lang), []string{"fixed rows.csv", "screencast.mov"}, 10
	},
	"reply-free": func(t testing.TB, lang string, c *Customer, s *Staff) { c.Words, c.Free = answer(lang), true },
	"resolved": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Words, c.Spent = answer(lang), &Spent{Minutes: 20, TotalMinutes: 20, Credits: 1, Max: 3}
	},
	"resolved-silently": func(t testing.TB, lang string, c *Customer, s *Staff) { c.Free = true },
	"short_balance": func(t testing.TB, lang string, c *Customer, s *Staff) {
		lowBalance(t, lang, c, s)
		c.CloseAfterDays, c.TopUpURL = 10, "https://desk.example/credits"
	},
	"short_balance-minimal": minimal,
	"lost_credentials": func(t testing.TB, lang string, c *Customer, s *Staff) {
		aboutNoTicket(c)
		c.Users, c.OneTimeURL, c.LinkMinutes = []string{"anna"}, "https://desk.example/password/9mtw", 30
	},
	"lost_credentials-two": func(t testing.TB, lang string, c *Customer, s *Staff) {
		aboutNoTicket(c)
		c.Users, c.OneTimeURL, c.LinkMinutes = []string{"anna", "muster-shop"}, "https://desk.example/password/9mtw", 60
	},
	"sign_in_link": func(t testing.TB, lang string, c *Customer, s *Staff) {
		aboutNoTicket(c)
		c.OneTimeURL, c.LinkMinutes = "https://desk.example/sign-in/9mtw", 30
	},
	"waiting-no-deadline": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Words, c.Free, c.FirstResponse, c.Resolution = answer(lang), true, nil, nil
	},
	"waiting": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Words, c.Spent = answer(lang), &Spent{Minutes: 15, TotalMinutes: 15, Credits: 1, Max: 3}
		c.TicketURL = "https://desk.example/tickets/123"
	},

	"ask_copies": func(t testing.TB, lang string, c *Customer, s *Staff) {
		c.Copies, c.TicketURL = []string{"bo@cust.example", "cy@example.org"}, "https://desk.example/tickets/123"
	},
	"aside":  func(t testing.TB, lang string, c *Customer, s *Staff) { c.Words = answer(lang) },
	"merged": func(t testing.TB, lang string, c *Customer, s *Staff) { c.Related = 98 },
	"aside_words": func(t testing.TB, lang string, c *Customer, s *Staff) {
		withHistory(t, lang, s)
		s.From, s.Level, s.Copies, s.Removed = "Cy <cy@example.org>", "A1", []string{"cy@example.org"}, []string{"lee@print.example"}
	},
	"gathered": func(t testing.TB, lang string, c *Customer, s *Staff) {
		s.Number, s.Subject, s.Count = 0, "", 12
		s.Tickets = []TicketLine{
			{Number: 123, At: moment(t, "2026-11-23 09:05"), From: "Anna Muster <anna@cust.example>", Subject: in(lang, "Import stops", "Import bricht ab")},
			{Number: 124, At: moment(t, "2026-11-23 10:30"), From: "cy@example.org", Assigned: true},
		}
	},
	"flood":      func(t testing.TB, lang string, c *Customer, s *Staff) {},
	"flood-over": func(t testing.TB, lang string, c *Customer, s *Staff) { s.Count = 4980 },
	"held_digest": func(t testing.TB, lang string, c *Customer, s *Staff) {
		s.Number, s.Subject, s.Count = 0, "", 3
		s.Held = []Held{
			{Message: 31, At: moment(t, "2026-11-23 09:05"), From: "Cy <cy@example.org>", Subject: "Import", Level: "X", Why: "not from whom it says: dmarc=fail", Ticket: 123, Words: "Hello"},
			{Message: 35, At: moment(t, "2026-11-23 10:30"), Level: "A0"},
		}
	},
	"reminder": func(t testing.TB, lang string, c *Customer, s *Staff) { withHistory(t, lang, s) },

	"ask_time": func(t testing.TB, lang string, c *Customer, s *Staff) { s.SpentTotal = 30 },
	"assigned": func(t testing.TB, lang string, c *Customer, s *Staff) {
		withHistory(t, lang, s)
		s.Why = []string{"classifieds: product Classifieds", "import: class install, estimate 1–3"}
	},
	"assigned-unverified": func(t testing.TB, lang string, c *Customer, s *Staff) {
		s.Level = "A0"
		s.LevelWhy = "mx.desk.example: nothing that proves cust.example"
		s.Note = InternalText(in(lang, "Ask for the file first.", "Zuerst nach der Datei fragen."))
	},
	"assigned-kept": func(t testing.TB, lang string, c *Customer, s *Staff) {
		s.Attachments, s.Kept = s.Attachments[:1], []string{"dump.sql"}
	},
	"assigned-owned": func(t testing.TB, lang string, c *Customer, s *Staff) {
		next := moment(t, "2026-11-25 12:00")
		s.FirstResponse, s.NextResponse, s.Product = nil, &next, ""
		s.Owned = []Owned{
			{Kind: "subscription", Product: "ERP", Plan: "standard", From: Day{2026, 1, 1}, Until: &Day{2026, 12, 31}},
			{Kind: "licence", Product: "Classifieds", From: Day{2025, 3, 2}, Until: &Day{2026, 3, 1}, Ended: true},
			{Kind: "purchase", Product: "Classifieds", From: Day{2025, 3, 2}},
			{Kind: "purchase", Product: "Bookings", From: Day{2026, 2, 3}, Refunded: true},
		}
	},
	"assigned-minimal": minimal,
	"clock_breach": func(t testing.TB, lang string, c *Customer, s *Staff) {
		s.Clock, s.Due = "next_response", s.FirstResponse
	},
	"clock_breach-unassigned": func(t testing.TB, lang string, c *Customer, s *Staff) {
		s.Clock, s.Due, s.Engineers = "first_response", s.FirstResponse, []string{"bo", "carla"}
	},
	"clock_breach-assignment": func(t testing.TB, lang string, c *Customer, s *Staff) {
		due := moment(t, "2026-11-23 16:05")
		s.Clock, s.Due, s.Engineers = "assignment", &due, []string{"bo", "carla", "deniz"}
	},
	"clock_escalation": func(t testing.TB, lang string, c *Customer, s *Staff) {
		s.Clock, s.Due, s.With, s.Late = "first_response", s.FirstResponse, "Carla", true
	},
	"clock_escalation-early": func(t testing.TB, lang string, c *Customer, s *Staff) {
		due := moment(t, "2026-11-23 16:05")
		s.Clock, s.Due, s.Engineers = "assignment", &due, []string{"bo", "carla", "deniz"}
	},
	"clock_warning-assignment": func(t testing.TB, lang string, c *Customer, s *Staff) {
		due := moment(t, "2026-11-23 16:05")
		s.Clock, s.Due, s.Engineers = "assignment", &due, []string{"bo", "carla", "deniz"}
	},
	"clock_warning": func(t testing.TB, lang string, c *Customer, s *Staff) {
		s.Clock, s.Due = "first_response", s.FirstResponse
	},
	"command_done": func(t testing.TB, lang string, c *Customer, s *Staff) {
		s.Lines = []CommandLine{{N: 1, Text: "/note", OK: true}, {N: 2, Text: "/spent 45m", OK: true}}
		s.Note, s.SpentTotal = "UTF-16, BOM at the start.", 75
	},
	"command_help": func(t testing.TB, lang string, c *Customer, s *Staff) {
		s.Commands = []Help{
			{"/spent 45m", HelpSpent.With().In(lang)},
			{"/estimate 2-3", HelpEstimate.With().In(lang)},
			{"/note", HelpNote.With().In(lang)},
		}
	},
	"digest": func(t testing.TB, lang string, c *Customer, s *Staff) {
		late, today, since := moment(t, "2026-11-20 15:00"), moment(t, "2026-11-24 15:00"), moment(t, "2026-11-19 10:12")
		title := in(lang, "Import stops at row 4000", "Import bricht bei Zeile 4000 ab")
		*s = Staff{
			Desk: s.Desk, To: s.To,
			Overdue:    []Item{{Number: 98, Subject: title, Clock: "first_response", Due: &late, With: "Carla"}},
			DueToday:   []Item{{Number: 123, Subject: title, Clock: "next_response", Due: &today}, {Number: 124, Clock: "resolution", Due: &today}},
			Unassigned: []Item{{Number: 125, Subject: title, Clock: "assignment", Due: &today}, {Number: 126, Subject: title, Waits: "awaiting_estimate"}},
			Waiting: []Item{
				{Number: 101, Subject: title, Waits: "awaiting_confirmation", Since: &since}, {Number: 102, Subject: title, Waits: "awaiting_credits", Since: &since},
				{Number: 103, Subject: title, Waits: "awaiting_details", Since: &since}, {Number: 104, Subject: title, Waits: "waiting", Since: &since, With: "Carla"},
			},
			More: 12,
		}
	},
	"digest-quiet": func(t testing.TB, lang string, c *Customer, s *Staff) { *s = Staff{Desk: s.Desk, To: s.To} },
	"estimate_needed": func(t testing.TB, lang string, c *Customer, s *Staff) {
		s.Due, s.FirstResponse, s.Resolution, s.Estimate = s.FirstResponse, nil, nil, nil
	},
	"held_notice": func(t testing.TB, lang string, c *Customer, s *Staff) {
		s.From = "Bo <bo@desk.example>"
		s.Reason, s.LevelWhy = HeldUnproven.With().In(lang), "mx.desk.example: nothing that proves desk.example"
	},
	"held_notice-no-ticket": func(t testing.TB, lang string, c *Customer, s *Staff) {
		*s = Staff{
			Desk: s.Desk, To: s.To, From: "Bo <bo@desk.example>",
			Reason: HeldForged.With().In(lang), LevelWhy: "mx.desk.example: dmarc=fail, and desk.example asks to refuse such mail",
		}
	},
	"new_words": func(t testing.TB, lang string, c *Customer, s *Staff) {
		withHistory(t, lang, s)
		s.Clock, s.Due = "next_response", s.FirstResponse
	},
	"overspent": func(t testing.TB, lang string, c *Customer, s *Staff) {
		s.SpentTotal, s.Estimate = 130, &Range{Min: 5, Max: 5}
	},
	"refused_command": func(t testing.TB, lang string, c *Customer, s *Staff) {
		s.Words = answer(lang)
		s.Lines = []CommandLine{
			{N: 12, Text: "/resolve", OK: true},
			{N: 13, Text: "/spent soon", Want: "/spent 45m", Wrong: WrongTime.With(Minutes(6000)).In(lang)},
			{N: 14, Text: "/estimate 1", Wrong: WrongLess.With(Credits(3)).In(lang)},
		}
	},
	"refused_command-no-right": func(t testing.TB, lang string, c *Customer, s *Staff) {
		s.Words = answer(lang)
		s.Reason = WrongRight.With(s.Queue).In(lang)
	},
	"unassigned": func(t testing.TB, lang string, c *Customer, s *Staff) {
		due := moment(t, "2026-11-23 16:05")
		s.Due, s.Engineers = &due, []string{"bo", "carla", "deniz"}
	},
	"undelivered": func(t testing.TB, lang string, c *Customer, s *Staff) {
		s.Reason = "550 5.1.1 <anna@cust.example>: no such user here"
	},
}

func minimal(t testing.TB, lang string, c *Customer, s *Staff) {
	*c, *s = Customer{Number: 123}, Staff{Number: 123}
}

// ticketless are the mails that are about no ticket.
var ticketless = []string{"digest", "gathered", "held_digest", "lost_credentials", "sign_in_link"}

func aboutNoTicket(c *Customer) { *c = Customer{Desk: c.Desk, Name: c.Name} }

// moreThanAgreed is work that has used up what was confirmed.
func moreThanAgreed(c *Customer) {
	c.Spent, c.Estimate = &Spent{TotalMinutes: 130, Credits: 3, Max: 3}, &Range{Min: 5, Max: 5}
}

func lowBalance(t testing.TB, lang string, c *Customer, s *Staff) {
	balance := int64(1)
	c.Balance, c.Missing = &balance, 2
	c.HowToBuy = PublicText(in(lang, "In your Customer Area under “Credits”, by card or voucher:\nhttps://desk.example/credits",
		"In Ihrem Kundenbereich unter „Credits“, mit Karte oder Gutschein:\nhttps://desk.example/credits"))
}
