package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/postdesk/postdesk/desk/message"
	"github.com/postdesk/postdesk/desk/policy"
	"github.com/postdesk/postdesk/templates"
)

// Command carries out command lines that somebody of us gives at a page or a command line, not by mail: those that correct what the desk
// made of a mail, and those that change how a ticket stands. A wrong line is a *CommandError, and nothing is done then. "/split" names the
// message by its number.
func (d *Desk) Command(ctx context.Context, ticket int64, by string, lines ...string) error {
	order := func(t *turn) error {
		v, tk, pl, err := t.ordered(ticket, by, lines)
		if err != nil {
			return err
		}
		who := v.who.staff
		t.handled = append(t.handled, t.event(EventHandled, tk.Number, Handled{By: who.ID, What: "commands", Ticket: tk.Number, Value: strings.Join(v.commands, "; ")}))
		return v.carryOut(tk, who, pl)
	}
	err := d.update(ctx, order)
	if errors.Is(err, errDecided) {
		err = d.update(ctx, order)
	}
	return err
}

// Check tells what would be wrong with Command, and carries out nothing.
func (d *Desk) Check(ctx context.Context, ticket int64, by string, lines ...string) error {
	return d.view(ctx, func(t *turn) error {
		_, _, _, err := t.ordered(ticket, by, lines)
		return err
	})
}

// ordered reads command lines that did not come by mail, and the ticket that they are about.
func (t *turn) ordered(ticket int64, by string, lines []string) (*visit, *Ticket, *plan, error) {
	who := t.p.StaffByID(by)
	if who == nil {
		return nil, nil, nil, fmt.Errorf("%q is nobody's id in the policy", by)
	}
	tk, err := t.standing(ticket)
	if err != nil {
		return nil, nil, nil, err
	}
	text := strings.Join(lines, "\n")
	cmds, words := splitCommands(text)
	v := &visit{turn: t, mailbox: t.mailbox(tk), typed: true, m: &message.Message{Visible: text, Text: text}, who: sender{staff: who, level: message.LevelA3}}
	if words != "" || len(cmds) == 0 {
		return nil, nil, nil, &CommandError{1, oneLine(text, 60), templates.WrongCommand.With(), ""}
	}
	if !works(who, tk) && !who.Has(policy.Dispatcher) {
		return nil, nil, nil, &CommandError{cmds[0].Line, cmds[0].Text, templates.WrongRight.With(t.queueTitle(tk.Queue)), ""}
	}
	pl, err := v.check(tk, who, cmds)
	for _, c := range cmds {
		v.commands = append(v.commands, c.Text)
	}
	return v, tk, pl, err
}

// check makes a plan of commands, or returns the first that is wrong.
func (v *visit) check(tk *Ticket, who *policy.Staff, cmds []command) (*plan, error) {
	recorded, err := v.tx.Minutes(v.ctx, tk.Number, who.ID)
	if err != nil {
		return nil, err
	}
	pl := &plan{}
	for _, c := range cmds {
		if err := v.planOne(pl, tk, who, c, &recorded); err != nil {
			return nil, err
		}
	}
	return pl, nil
}
