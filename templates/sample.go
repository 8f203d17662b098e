package templates

import "time"

// fullCustomer and fullStaff have something in every field, so that trying a template with them reaches
// what it shows only sometimes.

func fullCustomer() *Customer {
	answer := Moment{T: time.Date(2026, time.November, 24, 14, 0, 0, 0, time.UTC)}
	solution := Moment{T: time.Date(2026, time.November, 26, 17, 0, 0, 0, time.UTC)}
	balance := int64(5)
	return &Customer{
		Desk:                "Acme Support",
		Name:                "Anna Muster",
		Number:              123,
		Subject:             "Import stops at row 4000",
		Class:               "Installation and configuration",
		Product:             "Classifieds",
		Free:                true,
		Estimate:            &Range{Min: 1, Max: 3},
		CreditMinutes:       30,
		Balance:             &balance,
		Missing:             2,
		Hourly:              &Hourly{Kind: "Technical", PerHour: "20.00 USD", Unit: 15, Cap: "60.00 USD", Minutes: 45, TotalMinutes: 75, Cost: "25.00 USD"},
		Spent:               &Spent{Minutes: 45, TotalMinutes: 75, Credits: 3, Max: 4},
		FirstResponse:       &answer,
		Resolution:          &solution,
		FirstResponseTarget: "1 working day",
		ResolutionTarget:    "5 working days",
		Promised:            true,
		Words:               "The import read the file as UTF-16.\n\nPlease save it as UTF-8 and start again:\n\n    import --from rows.csv\n\n> Does it matter which editor I use?\n\nNo, any will do.",
		Kept:                []string{"video.mov", "dump.sql"},
		MailLimit:           10,
		Notice:              "Urgent help by the hour is at premium@desk.example.",
		Details:             []string{"the version that you use", "the log file"},
		Awaiting:            "confirmation",
		ClosedBy:            "silence",
		CloseAfterDays:      5,
		ReopenDays:          14,
		ConfirmLimit:        4,
		HowToBuy:            "In your Customer Area under “Credits”, by card or voucher:\nhttps://desk.example/credits",
		ManagementContact:   "management@desk.example",
		Related:             98,
		Copies:              []string{"bo@cust.example", "cy@example.org"},
		TicketURL:           "https://desk.example/tickets/123",
		ConfirmURL:          "https://desk.example/confirm/3fq8",
		TopUpURL:            "https://desk.example/credits",
		OneTimeURL:          "https://desk.example/sign-in/9mtw",
		LinkMinutes:         30,
		Users:               []string{"anna", "muster-shop"},
	}
}

func fullStaff() *Staff {
	at := func(day, hour, minute int) Moment {
		return Moment{T: time.Date(2026, time.November, day, hour, minute, 0, 0, time.UTC)}
	}
	answer, solution, due := at(24, 14, 0), at(26, 17, 0), at(24, 14, 0)
	balance := int64(5)
	return &Staff{
		Desk:     "Acme Support",
		To:       "Bo",
		Number:   123,
		Subject:  "Import stops at row 4000",
		From:     "Anna Muster <anna@cust.example>",
		Level:    "A0",
		LevelWhy: "mx.desk.example: nothing that proves cust.example",
		Customer: "Muster & Sons",
		Plan:     "Vendor, 30 days of free support until 1 December",
		Owned: []Owned{
			{Kind: "subscription", Product: "ERP", Plan: "standard", From: Day{2026, 1, 1}, Until: &Day{2026, 12, 31}},
			{Kind: "licence", Product: "Classifieds", From: Day{2025, 3, 2}, Until: &Day{2026, 3, 1}, Ended: true},
			{Kind: "purchase", Product: "Classifieds", From: Day{2025, 3, 2}, Refunded: true},
		},
		Balance:       &balance,
		Class:         "Installation and configuration",
		Queue:         "System engineers",
		Priority:      "high",
		Product:       "Classifieds",
		Billing:       "credits",
		Estimate:      &Range{Min: 1, Max: 3},
		FirstResponse: &answer,
		NextResponse:  &due,
		Resolution:    &solution,
		Late:          true,
		With:          "Carla",
		Overdue:       []Item{{Number: 98, Subject: "Import stops", Clock: "first_response", Due: &answer, With: "Carla"}},
		DueToday:      []Item{{Number: 99, Subject: "Import stops", Clock: "resolution", Due: &due}},
		Unassigned:    []Item{{Number: 100, Subject: "Import stops", Clock: "assignment", Due: &due}, {Number: 101, Waits: "awaiting_estimate"}},
		Waiting:       []Item{{Number: 102, Subject: "Import stops", Waits: "awaiting_confirmation", Since: &answer, With: "Carla"}},
		More:          12,
		Words:         "Hello,\n\nthe import stops at row 4000 and says:\n\n    unexpected byte 0xff\n\nWhat can I do?\n\nAnna",
		Attachments:   []string{"rows.csv", "import log.txt"},
		Kept:          []string{"video.mov"},
		History: []Line{
			{At: at(23, 10, 30), Who: "Bo", Internal: true, Text: "Looks like UTF-16 to me."},
			{At: at(23, 9, 5), Who: "Anna Muster", Text: "Is there a limit of rows?\nI found none in the manual."},
		},
		Note:       "Ask for the file first.",
		Why:        []string{"classifieds: product Classifieds", "import words: class install, estimate 1–3"},
		SpentTotal: 75,
		Engineers:  []string{"bo", "carla", "deniz"},
		Lines: []CommandLine{
			{N: 1, Text: "/resolve", OK: true},
			{N: 2, Text: "/spent soon", Wrong: "“soon” is not a length of time", Want: "/spent 45m"},
		},
		Commands: []Help{
			{"/spent 45m", "records your time; on a billed ticket it is charged"},
			{"/note", "the mail stays internal"},
			{"/shipped CARRIER NUMBER ETA", "tells the buyer that the goods are on their way"},
		},
		Clock:  "first_response",
		Due:    &due,
		Reason: "The mail has no valid signature of your address.",

		TicketURL: "https://desk.example/tickets/123",
		Copies:    []string{"cy@example.org"},
		Removed:   []string{"lee@print.example"},
		Held:      []Held{{Message: 31, At: at(23, 9, 5), From: "Cy <cy@example.org>", Subject: "Import", Level: "X", Why: "not from whom it says", Ticket: 123, Words: "Hello"}},
		Tickets:   []TicketLine{{Number: 123, At: at(23, 9, 5), From: "Anna <anna@cust.example>", Subject: "Import"}},
		Count:     2,
	}
}

// Sample is data for a preview of a mail: what it usually has, and none of what does not go together. What people wrote stands in English.
func Sample(name, lang string) any {
	if audiences[name] == toStaff {
		s := fullStaff()
		s.Level, s.LevelWhy, s.Reason, s.Kept, s.Note, s.NextResponse, s.Owned = "A1", "", "", nil, "", nil, s.Owned[1:2]
		switch name {
		case "clock_breach", "clock_warning":
			s.Engineers = nil
		case "unassigned":
			s.FirstResponse, s.Resolution = nil, nil
		case "command_done":
			s.Lines, s.Note = []CommandLine{{N: 1, Text: "/note", OK: true}, {N: 2, Text: "/spent 45m", OK: true}}, "Ask for the file first."
		case "command_help":
			s.Commands = []Help{{"/spent 45m", HelpSpent.With().In(lang)}, {"/note", HelpNote.With().In(lang)}, {"/help", HelpHelp.With().In(lang)}}
		case "held_notice":
			s.From, s.Reason = "Bo <bo@desk.example>", HeldUnproven.With().In(lang)
			s.LevelWhy = "mx.desk.example: nothing that proves desk.example"
		case "overspent":
			s.Estimate = &Range{Min: 5, Max: 5}
		case "refused_command":
			s.Lines[1].Wrong = WrongTime.With(Minutes(6000)).In(lang)
		case "undelivered":
			s.Reason = "550 5.1.1 <anna@cust.example>: no such user here"
		}
		return s
	}
	c := fullCustomer()
	c.FirstResponseTarget, c.ResolutionTarget, c.ConfirmLimit, c.HowToBuy, c.Kept = "", "", 0, "", nil
	c.Free, c.Missing, c.TopUpURL, c.Spent.Max = false, 0, "", 3
	switch name {
	case "acknowledgement", "linked":
		c.Free, c.Estimate, c.Balance = true, nil, nil
	case "reply", "waiting", "resolved", "closed":
		return c
	case "estimate", "estimate_renewed", "not_understood", "awaiting_reminder":
		c.FirstResponse, c.Resolution, c.CloseAfterDays = nil, nil, 10
		c.FirstResponseTarget = Span(lang, 1, "working day")
	case "confirm_elsewhere":
		c.Estimate, c.ConfirmLimit = &Range{Min: 4, Max: 6}, 4
	case "short_balance":
		full := fullCustomer()
		balance := int64(1)
		c.Balance, c.Missing, c.HowToBuy, c.TopUpURL, c.CloseAfterDays = &balance, 2, full.HowToBuy, full.TopUpURL, 10
	case "lost_credentials", "sign_in_link":
		c.Number = 0
	}
	c.Spent = nil
	return c
}
