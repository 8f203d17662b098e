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
		Spent:               &Spent{Minutes: 45, TotalMinutes: 75, Credits: 3, Max: 4},
		FirstResponse:       &answer,
		Resolution:          &solution,
		FirstResponseTarget: "1 working day",
		ResolutionTarget:    "5 working days",
		Promised:            true,
		Words:               "The import read the file as UTF-16.\n\nPlease save it as UTF-8 and start again:\n\n    import --from rows.csv\n\n> Does it matter which editor I use?\n\nNo, any will do.",
		Kept:                []string{"video.mov", "dump.sql"},
		MailLimit:           10,
		Awaiting:            "confirmation",
		ClosedBy:            "silence",
		CloseAfterDays:      5,
		ReopenDays:          14,
		ConfirmLimit:        4,
		HowToBuy:            "In your Customer Area under “Credits”, by card or voucher:\nhttps://desk.example/credits",
		ManagementContact:   "management@desk.example",
		Related:             98,
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
		Desk:          "Acme Support",
		To:            "Bo",
		Number:        123,
		Subject:       "Import stops at row 4000",
		From:          "Anna Muster <anna@cust.example>",
		Level:         "A0",
		LevelWhy:      "mx.desk.example: nothing that proves cust.example",
		Customer:      "Muster & Sons",
		Plan:          "Vendor, 30 days of free support until 1 December",
		Balance:       &balance,
		Class:         "Installation and configuration",
		Queue:         "System engineers",
		Priority:      "high",
		Product:       "Classifieds",
		Billing:       "credits",
		Estimate:      &Range{Min: 1, Max: 3},
		FirstResponse: &answer,
		Resolution:    &solution,
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
	}
}
