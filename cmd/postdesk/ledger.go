package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/ledger"
	"github.com/postdesk/postdesk/desk/store"
)

type ledgerCmd struct {
	Balance   ledgerBalanceCmd   `cmd:"" help:"Tell what customers can spend, and what is held for work."`
	Statement ledgerStatementCmd `cmd:"" help:"List everything that was posted to a customer's account."`
	Topup     ledgerTopupCmd     `cmd:"" name:"topup" help:"Add to a customer's balance what was paid. Tickets that waited for it go on."`
	Counter   ledgerCounterCmd   `cmd:"" help:"Take back what the ledger was told by mistake, by a posting the other way."`
	Verify    ledgerVerifyCmd    `cmd:"" help:"Recount the whole ledger, from the first entry."`
}

type ledgerBalanceCmd struct {
	database
	Customer string `arg:"" optional:"" help:"The customer's id; all of them, and the desk's own accounts, where it is left out."`
	JSON     bool   `help:"One JSON object a line."`
}

// Help is printed below the usage.
func (ledgerBalanceCmd) Help() string {
	return `customer:ID is what can be spent, held:ID what was confirmed and not used yet. Against these stand sold (what customers paid), opening
(what they brought along) and earned (what was charged for work). Currencies are in their smallest parts.

For example:

    postdesk ledger balance
    postdesk ledger balance acme`
}

// Run prints balances.
func (c ledgerBalanceCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(st *store.Store) error { return c.print(ctx, st, os.Stdout) })
}

func (c ledgerBalanceCmd) print(ctx context.Context, st *store.Store, out io.Writer) error {
	all, err := c.read(ctx, st)
	if err != nil {
		return err
	}
	if c.JSON {
		lines := make([]balanceLine, len(all))
		for i, a := range all {
			lines[i] = balanceLine(a)
		}
		return jsonLines(out, lines)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(out, "nothing was ever posted")
		return err
	}
	rows := [][]string{{"ACCOUNT", "UNIT", "BALANCE"}}
	for _, a := range all {
		rows = append(rows, []string{string(a.Account), string(a.Unit), fmt.Sprint(a.Balance)})
	}
	return table(out, rows)
}

// A balanceLine is what an account holds, for programs, with the words of simulate.
type balanceLine struct {
	Account ledger.Account `json:"account"`
	Unit    ledger.Unit    `json:"unit"`
	Balance int64          `json:"balance"`
}

func (c ledgerBalanceCmd) read(ctx context.Context, st *store.Store) (all []desk.AccountBalance, err error) {
	err = st.View(ctx, func(tx desk.Tx) error {
		all = nil
		if c.Customer != "" {
			if _, err := knownCustomer(ctx, tx, c.Customer); err != nil {
				return err
			}
			for _, account := range []ledger.Account{ledger.Customer(c.Customer), ledger.Held(c.Customer)} {
				found, err := tx.AccountsOf(ctx, account)
				if err != nil {
					return err
				}
				all = append(all, found...)
			}
			return nil
		}
		var after desk.AccountBalance
		for {
			page, err := tx.Accounts(ctx, after, 500)
			if err != nil || len(page) == 0 {
				return err
			}
			all = append(all, page...)
			after = page[len(page)-1]
		}
	})
	// A database sorts names by its own language's rules.
	slices.SortStableFunc(all, func(a, b desk.AccountBalance) int {
		return cmp.Or(strings.Compare(string(a.Account), string(b.Account)), strings.Compare(string(a.Unit), string(b.Unit)))
	})
	return all, err
}

// knownCustomer finds a customer, or says what is wrong with the id.
func knownCustomer(ctx context.Context, tx desk.Tx, id string) (desk.Customer, error) {
	c, err := tx.CustomerLike(ctx, id)
	switch {
	case errors.Is(err, desk.ErrNotFound):
		return c, fmt.Errorf("there is no customer %s", id)
	case err == nil && c.ID != id:
		return c, fmt.Errorf("there is no customer %s; did you mean %s?", id, c.ID)
	}
	return c, err
}

type ledgerStatementCmd struct {
	database
	Customer string `arg:"" help:"The customer's id."`
	JSON     bool   `help:"One JSON object a line."`
}

// Help is printed below the usage.
func (ledgerStatementCmd) Help() string {
	return `Each line is one entry with the balance after it, by unit and in the order of posting. Times are UTC.

For example:

    postdesk ledger statement acme`
}

// Run prints a statement.
func (c ledgerStatementCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(st *store.Store) error { return c.print(ctx, st, os.Stdout) })
}

func (c ledgerStatementCmd) print(ctx context.Context, st *store.Store, out io.Writer) error {
	var lines []desk.StatementLine
	err := st.View(ctx, func(tx desk.Tx) error {
		_, err := knownCustomer(ctx, tx, c.Customer)
		if err == nil {
			lines, err = tx.Statement(ctx, ledger.Customer(c.Customer))
		}
		return err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		printed := make([]statementLine, len(lines))
		for i, l := range lines {
			printed[i] = statementLine{l.At, ledger.Customer(c.Customer), l.Unit, l.Amount, l.Balance, l.Cause, l.Ticket, l.Key}
		}
		return jsonLines(out, printed)
	}
	if len(lines) == 0 {
		_, err := fmt.Fprintf(out, "nothing was ever posted for %s\n", c.Customer)
		return err
	}
	rows := [][]string{{"TIME", "CAUSE", "TICKET", "AMOUNT", "UNIT", "BALANCE", "KEY"}}
	for _, l := range lines {
		ticket := "-"
		if l.Ticket != 0 {
			ticket = fmt.Sprintf("#%d", l.Ticket)
		}
		rows = append(rows, []string{minute(l.At), words(l.Cause), ticket, fmt.Sprintf("%+d", l.Amount), string(l.Unit), fmt.Sprint(l.Balance), l.Key})
	}
	return table(out, rows)
}

// A statementLine is one entry for programs, with the words of simulate.
type statementLine struct {
	Time    time.Time      `json:"time"`
	Account ledger.Account `json:"account"`
	Unit    ledger.Unit    `json:"unit"`
	Amount  int64          `json:"amount"`
	Balance int64          `json:"balance"`
	Cause   string         `json:"cause"`
	Ticket  int64          `json:"ticket,omitempty"`
	Key     string         `json:"key"`
}

type ledgerTopupCmd struct {
	database
	Policy   string      `required:"" env:"POSTDESK_POLICY" type:"path" placeholder:"FILE" help:"The policy that the desk serves by: tickets that go on are answered by it."`
	Customer string      `arg:"" help:"The customer's id."`
	Amount   int64       `arg:"" help:"How much: credits, or the smallest part of a currency."`
	Unit     ledger.Unit `default:"credit" help:"credit, minute, or the code of a currency."`
	Ref      string      `required:"" help:"What was paid, such as the number of the invoice. The same one is never posted twice."`
}

// Help is printed below the usage.
func (ledgerTopupCmd) Help() string {
	return `Tickets of the customer that waited for credits go on by themselves, the oldest first, as far as the balance reaches; their mails leave
with the next look of "postdesk serve" into the outbox.

For example:

    postdesk ledger topup acme 10 --ref "invoice 2026-118" --policy policy.yaml`
}

// Run posts a top-up.
func (c ledgerTopupCmd) Run(ctx context.Context) error {
	p, err := readToServe(c.Policy)
	if err != nil {
		return err
	}
	return c.withDesk(ctx, p, func(d *desk.Desk) error { return c.post(ctx, d, os.Stdout) })
}

func (c ledgerTopupCmd) post(ctx context.Context, d *desk.Desk, out io.Writer) error {
	if c.Amount < 1 || c.Amount > maxTopup {
		return fmt.Errorf("%d is no amount to add: want 1 to %d", c.Amount, int64(maxTopup))
	}
	if err := c.Unit.Check(); err != nil {
		return err
	}
	ref := strings.TrimSpace(c.Ref)
	if ref == "" {
		return errors.New("--ref is empty: it is what keeps a payment from being posted twice")
	}
	var told bool
	var waited []int64
	err := d.Store.View(ctx, func(tx desk.Tx) error {
		if _, err := knownCustomer(ctx, tx, c.Customer); err != nil {
			return err
		}
		_, err := tx.Posting(ctx, ledger.TopUp(ref, c.Customer, c.Unit, c.Amount, d.Now()).Key)
		if told = err == nil; err != nil && !errors.Is(err, desk.ErrNotFound) {
			return err
		}
		waited, err = tx.AwaitingCredits(ctx, c.Customer)
		return err
	})
	if err != nil {
		return err
	}
	if err := d.TopUp(ctx, c.Customer, c.Unit, c.Amount, ref); err != nil {
		return err
	}
	if told {
		fmt.Fprintf(out, "%q was posted before: nothing is added\n", ref)
	}
	return c.tell(ctx, d.Store, waited, out)
}

// maxTopup is far above what anybody buys, and far below where sums would overflow.
const maxTopup = 1_000_000_000

// tell prints what a top-up led to.
func (c ledgerTopupCmd) tell(ctx context.Context, st desk.Store, waited []int64, out io.Writer) error {
	return st.View(ctx, func(tx desk.Tx) error {
		balance, err := tx.Balance(ctx, ledger.Customer(c.Customer), c.Unit)
		if err != nil {
			return err
		}
		waits, err := tx.AwaitingCredits(ctx, c.Customer)
		if err != nil {
			return err
		}
		for _, number := range waited {
			if slices.Contains(waits, number) {
				fmt.Fprintf(out, "#%d still waits for credits\n", number)
			} else {
				fmt.Fprintf(out, "#%d goes on\n", number)
			}
		}
		_, err = fmt.Fprintf(out, "%s can spend %s\n", c.Customer, amount(balance, c.Unit))
		return err
	})
}

type ledgerCounterCmd struct {
	decider
	Key  string `arg:"" help:"The posting's key, as in postdesk ledger statement."`
	With string `placeholder:"NAME" help:"Who else of the staff answers for it: needed above credits.confirm_limit, and for what is no credits."`
	Why  string `required:"" placeholder:"TEXT" help:"What was wrong. The journal keeps it."`
}

// Help is printed below the usage.
func (ledgerCounterCmd) Help() string {
	return `Nothing in a ledger is changed or deleted: what was posted by mistake is posted once more, the other way. It takes a top-up or an opening
balance back whole; what was paid in truth is then topped up under another reference. A charge follows the time on its ticket: correct it
by /spent -15m there. Whoever decides, and why, stands in the journal.

For example:

    postdesk ledger counter "top_up:invoice 2026-118" --by dana --with max --why "typed 100 for 10" --policy policy.yaml`
}

// Run takes a posting back.
func (c ledgerCounterCmd) Run(ctx context.Context) error {
	return c.decide(ctx, func(d *desk.Desk, by string) error { return c.post(ctx, d, by, os.Stdout) })
}

func (c ledgerCounterCmd) post(ctx context.Context, d *desk.Desk, by string, out io.Writer) error {
	why := strings.TrimSpace(c.Why)
	if why == "" {
		return errors.New("--why is empty: it is what the journal tells of the mistake")
	}
	with := ""
	if c.With != "" {
		var err error
		if with, err = staffID(d.Policy(), "--with", c.With); err != nil {
			return err
		}
	}
	p, again, err := d.Counter(ctx, c.Key, by, with, why)
	if err != nil {
		return err
	}
	if again {
		fmt.Fprintf(out, "%q was taken back before: nothing is changed\n", c.Key)
	}
	return d.Store.View(ctx, func(tx desk.Tx) error {
		for _, e := range p.Entries {
			balance, err := tx.Balance(ctx, e.Account, e.Unit)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(out, "%s %+d, and has %s\n", e.Account, e.Amount, amount(balance, e.Unit)); err != nil {
				return err
			}
		}
		return nil
	})
}

// amount is so much of a unit: "1 credit", "900 EUR".
func amount(n int64, unit ledger.Unit) string {
	if unit == ledger.Credit || unit == ledger.Minute {
		return fmt.Sprintf("%d %s", n, plural(n, string(unit)))
	}
	return fmt.Sprintf("%d %s", n, unit)
}

type ledgerVerifyCmd struct {
	database
}

// Help is printed below the usage.
func (ledgerVerifyCmd) Help() string {
	return `Every balance must be the sum of its entries, every entry must keep the balance after it, and every posting must make zero. What does not
agree is printed, and the status is 1. Nothing is changed: a ledger that disagrees was changed by other hands, or its disk is damaged.

For example:

    postdesk ledger verify`
}

// Run recounts the ledger.
func (c ledgerVerifyCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(st *store.Store) error { return c.verify(ctx, st, os.Stdout) })
}

func (ledgerVerifyCmd) verify(ctx context.Context, st *store.Store, out io.Writer) error {
	var wrong []string
	err := st.View(ctx, func(tx desk.Tx) (err error) {
		wrong, err = tx.Recount(ctx)
		return err
	})
	if err != nil {
		return err
	}
	for _, w := range wrong {
		fmt.Fprintln(out, w)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("the ledger does not agree: %s", count(len(wrong), "line", "lines"))
	}
	_, err = fmt.Fprintln(out, "every account, entry and posting agrees")
	return err
}
