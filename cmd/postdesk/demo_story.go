package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/calendar"
	"github.com/postdesk/postdesk/desk/message"
)

// A scene is one part of the story. All who are in it play at the same time, each of them waiting for the mails that concern them; it
// is over when all are done.
type scene struct {
	title string
	parts []func(context.Context) error
}

// play tells the story scene by scene.
func (d *demo) play(ctx context.Context) error {
	for i, s := range d.scenes() {
		d.tell.scene(i+1, s.title)
		if err := d.playScene(ctx, s); err != nil {
			return fmt.Errorf("scene %d, %q: %w", i+1, s.title, err)
		}
	}
	return nil
}

// playScene lets everybody play and the desk come to rest. What does not come is told by all who waited for it, since one waits for
// another.
func (d *demo) playScene(ctx context.Context, s scene) error {
	errs := make([]error, len(s.parts))
	var parts sync.WaitGroup
	for i, part := range s.parts {
		parts.Go(func() { errs[i] = part(ctx) })
	}
	parts.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	errs = append(errs, d.settled(ctx))
	var waiting []error
	for _, err := range errs {
		var wait *waitError
		switch {
		case err == nil:
		case errors.As(err, &wait):
			waiting = append(waiting, err)
		default:
			return err
		}
	}
	if len(waiting) > 0 {
		return d.stuck(waiting)
	}
	return nil
}

// scenes are the whole story. What one of them leaves to a later one is a letter.
func (d *demo) scenes() []scene {
	someone := func(name, address string) *actor {
		return &actor{demo: d, name: name, address: address, read: map[uint32]bool{}}
	}
	dana, eve := someone("Dana", "dana@desk.example"), someone("Eve", "eve@desk.example")
	anna, kim, joe := someone("Anna", "anna@acme.example"), someone("Kim", "kim@bolt.example"), someone("Joe", "joe@example.org")
	anna.german = true
	var kims, annas *letter // Kim's answer, and Anna's request as Eve has it

	// Both begin so: nobody has the ticket yet.
	assigns := func(ctx context.Context) error {
		l, err := dana.gets(ctx, "unassigned", "Nobody has", "/assign")
		if err != nil {
			return err
		}
		if err := dana.answers(ctx, l, "/assign eve"); err != nil {
			return err
		}
		_, err = dana.gets(ctx, "command_done")
		return err
	}

	return []scene{
		{"Kim has just bought: for 30 days, her questions are free", []func(context.Context) error{
			func(ctx context.Context) (err error) {
				if err := d.sell(ctx, "bolt", "classifieds"); err != nil {
					return err
				}
				if err := kim.writes(ctx, "Where is the cron setting?",
					"Hello,\n\nwhere do I set how often Classifieds removes old ads?\n\nKim"); err != nil {
					return err
				}
				if _, err := kim.gets(ctx, "acknowledgement", "number"); err != nil {
					return err
				}
				kims, err = kim.gets(ctx, "resolved", "Settings", "solves")
				return err
			},
			assigns,
			func(ctx context.Context) error {
				l, err := eve.gets(ctx, "assigned", "yours now", "how often")
				if err != nil {
					return err
				}
				return eve.answers(ctx, l, "Hello Kim,\n\nit is under Settings, Schedule: once a day is usual.\n\n/spent 10m\n/resolve")
			},
		}},
		{"Kim is away: no machine gets an answer from a machine", []func(context.Context) error{
			func(ctx context.Context) error {
				return kim.isAway(ctx, kims, "I am away until Monday and will read your mail then.")
			},
		}},
		{"Anna's free days are over: work costs credits, and begins only when she agrees", []func(context.Context) error{
			func(ctx context.Context) error {
				if err := anna.writes(ctx, "Kleinanzeigen auf neuem Server",
					"Guten Tag,\n\nkönnen Sie uns die Kleinanzeigen auf dem neuen Server installieren?\n\nViele Grüße\nAnna"); err != nil {
					return err
				}
				l, err := anna.gets(ctx, "estimate", "geschätzt", "Kostet", "Guthaben", "Wenn Sie einverstanden")
				if err != nil {
					return err
				}
				if err := anna.answers(ctx, l, "Ja"); err != nil {
					return err
				}
				_, err = anna.gets(ctx, "confirmed", "Zustimmung", "höchstens")
				return err
			},
			assigns,
			func(ctx context.Context) (err error) {
				annas, err = eve.gets(ctx, "assigned", "yours now", "installieren", "Balance")
				return err
			},
		}},
		{"Somebody writes in Eve's name", []func(context.Context) error{
			func(ctx context.Context) error { return d.forge(ctx, annas) },
			func(ctx context.Context) error {
				_, err := eve.gets(ctx, "held_notice", "in your name")
				return err
			},
		}},
		{"Eve's finger slips, and nothing is half done; then her answer goes out", []func(context.Context) error{
			func(ctx context.Context) error {
				words := "Guten Tag Anna,\n\ndie Kleinanzeigen laufen auf dem neuen Server, mit allen Daten.\n\n"
				if err := eve.answers(ctx, annas, words+"/spnt 45m\n/resolve"); err != nil {
					return err
				}
				if _, err := eve.gets(ctx, "refused_command", "not been carried out", "/spnt"); err != nil {
					return err
				}
				return eve.answers(ctx, annas, words+"/spent 45m\n/resolve")
			},
			func(ctx context.Context) error {
				l, err := anna.gets(ctx, "resolved", "laufen auf", "Zeit für", "verbraucht")
				if err != nil {
					return err
				}
				if err := anna.answers(ctx, l, "Vielen Dank!\n\nDas Ticket kann geschlossen werden."); err != nil {
					return err
				}
				_, err = anna.gets(ctx, "closed", "geschlossen", "Guthaben")
				return err
			},
		}},
		{"Joe is unknown here: questions about buying are free for everybody", []func(context.Context) error{
			func(ctx context.Context) error {
				if err := joe.writes(ctx, "Quotation for five licences",
					"Hello,\n\nplease send me a quotation for five licences of Classifieds.\n\nJoe"); err != nil {
					return err
				}
				if _, err := joe.gets(ctx, "acknowledgement", "number"); err != nil {
					return err
				}
				_, err := joe.gets(ctx, "waiting", "euros")
				return err
			},
			func(ctx context.Context) error {
				l, err := dana.gets(ctx, "assigned", "yours now")
				if err != nil {
					return err
				}
				return dana.answers(ctx, l, "Hello Joe,\n\nfive licences are 450 euros a year. Shall I write the invoice?\n\n/wait")
			},
		}},
	}
}

// sell is the shop that tells the desk of a purchase.
func (d *demo) sell(ctx context.Context, customer, product string) error {
	d.tell.says("shop", "tells the desk that Bolt Ltd has bought Classifieds", "")
	y, m, day := time.Now().In(d.policy.Desk.Zone).Date()
	return d.desk.AddEntitlement(ctx, customer, desk.Entitlement{
		Kind: "purchase", Product: product, From: calendar.Date{Year: y, Month: m, Day: day},
	})
}

// forge sends a mail in Eve's name from a server that has nothing to do with hers.
func (d *demo) forge(ctx context.Context, l *letter) error {
	words := "Please pay 500 euros to another account.\n\n/close"
	d.tell.says("?", "writes as Eve <eve@desk.example>, from somewhere else", words)
	return d.submit(ctx, nil, message.Address{Name: "Eve", Addr: "eve@desk.example"}, outgoing{
		to: message.Address{Addr: "support@desk.example"}, from: "mallory@evil.example", subject: "Re: " + l.Subject, words: words,
	})
}
