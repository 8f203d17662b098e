package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/desk/fault"
	"github.com/postdesk/postdesk/desk/ledger"
)

const insertPosting = `
	INSERT INTO posting (key, cause, ticket, at) VALUES (:key, :cause, :ticket, :at)
	ON CONFLICT (key) DO NOTHING
	RETURNING id`

// Post implements desk.Tx. Of two transactions with one key, the second waits for the first, and posts only if that one failed.
func (x *tx) Post(ctx context.Context, p ledger.Posting) (balances []int64, posted bool, err error) {
	balances, posted, err = x.post(ctx, p)
	if err != nil {
		return nil, false, fmt.Errorf("post %s: %w", p.Key, err)
	}
	return balances, posted, nil
}

func (x *tx) post(ctx context.Context, p ledger.Posting) ([]int64, bool, error) {
	if err := p.Check(); err != nil {
		return nil, false, err
	}
	// An entry that cannot be paid is found after others were written. The caller may go on in the same transaction, so what was
	// written is taken back to here; deleting it is not to be had in tables that only grow.
	if _, err := x.exec(ctx, `SAVEPOINT post`, nil); err != nil {
		return nil, false, err
	}
	var id int64
	err := x.put(ctx, &id, insertPosting, args{"key": p.Key, "cause": p.Cause, "ticket": null(p.Ticket), "at": p.At})
	if errors.Is(err, desk.ErrNotFound) {
		_, err := x.exec(ctx, `RELEASE SAVEPOINT post`, nil)
		return nil, false, err
	}
	if err != nil {
		return nil, false, err
	}
	balances := make([]int64, len(p.Entries))
	for _, i := range inAccountOrder(p.Entries) {
		balances[i], err = x.enter(ctx, id, i, p.Entries[i])
		var short *ledger.InsufficientError
		if errors.As(err, &short) {
			if _, undo := x.exec(ctx, `ROLLBACK TO SAVEPOINT post`, nil); undo != nil {
				return nil, false, undo
			}
		}
		if err != nil {
			return nil, false, err
		}
	}
	fault.Here(fault.Posting)
	_, err = x.exec(ctx, `RELEASE SAVEPOINT post`, nil)
	return balances, true, err
}

// inAccountOrder gives the places of entries in the order in which every transaction locks accounts, so that no two wait for
// each other.
func inAccountOrder(entries []ledger.Entry) []int {
	order := make([]int, len(entries))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		ea, eb := entries[a], entries[b]
		if ea.Account != eb.Account {
			if ea.Account < eb.Account {
				return -1
			}
			return 1
		}
		if ea.Unit < eb.Unit {
			return -1
		}
		return 1
	})
	return order
}

const (
	// An account comes into being with its first entry.
	moveUp = `
		INSERT INTO account (name, unit, balance, entries, may_go_negative) VALUES (:account, :unit, :amount, 1, :may)
		ON CONFLICT (name, unit) DO UPDATE SET balance = account.balance + excluded.balance, entries = account.entries + 1
		RETURNING balance, entries`
	// Enough or no row: the test and the change are one statement, so that no other transaction comes between them (T041).
	moveDown = `
		UPDATE account SET balance = balance + :amount, entries = entries + 1
		WHERE name = :account AND unit = :unit AND balance + :amount >= 0
		RETURNING balance, entries`
	insertEntry = `
		INSERT INTO entry (account, unit, number, posting, position, amount, balance)
		VALUES (:account, :unit, :number, :posting, :position, :amount, :balance)`
)

// enter moves one account and writes the entry that says so.
func (x *tx) enter(ctx context.Context, posting int64, position int, e ledger.Entry) (balance int64, err error) {
	var moved struct {
		Balance int64 `db:"balance"`
		Entries int64 `db:"entries"`
	}
	move := moveUp
	if e.Amount < 0 && !e.MayGoNegative() {
		move = moveDown
	}
	err = x.put(ctx, &moved, move, args{"account": e.Account, "unit": e.Unit, "amount": e.Amount, "may": e.MayGoNegative()})
	if errors.Is(err, desk.ErrNotFound) {
		has, err := x.Balance(ctx, e.Account, e.Unit)
		if err != nil {
			return 0, err
		}
		return 0, &ledger.InsufficientError{Account: e.Account, Unit: e.Unit, Balance: has, Amount: e.Amount}
	}
	if err != nil {
		return 0, err
	}
	_, err = x.exec(ctx, insertEntry, args{
		"account": e.Account, "unit": e.Unit, "number": moved.Entries, "posting": posting, "position": position,
		"amount": e.Amount, "balance": moved.Balance,
	})
	return moved.Balance, err
}

const selectBalance = `SELECT balance FROM account WHERE name = :account AND unit = :unit`

// Balance implements desk.Tx.
func (x *tx) Balance(ctx context.Context, account ledger.Account, unit ledger.Unit) (int64, error) {
	var balance int64
	err := x.get(ctx, &balance, selectBalance, args{"account": account, "unit": unit})
	if err != nil && !errors.Is(err, desk.ErrNotFound) {
		return 0, fmt.Errorf("balance of %s in %s: %w", account, unit, err)
	}
	return balance, nil
}

const (
	selectPosting = `SELECT id, cause, ticket, at FROM posting WHERE key = :key`
	selectEntries = `SELECT account, unit, amount FROM entry WHERE posting = :posting ORDER BY position`
)

// Posting implements desk.Tx.
func (x *tx) Posting(ctx context.Context, key string) (ledger.Posting, error) {
	var row struct {
		ID     int64   `db:"id"`
		Cause  string  `db:"cause"`
		Ticket *int64  `db:"ticket"`
		At     instant `db:"at"`
	}
	var entries []struct {
		Account string `db:"account"`
		Unit    string `db:"unit"`
		Amount  int64  `db:"amount"`
	}
	err := x.get(ctx, &row, selectPosting, args{"key": key})
	if err == nil {
		err = x.list(ctx, &entries, selectEntries, args{"posting": row.ID})
	}
	if err != nil {
		return ledger.Posting{}, fmt.Errorf("posting %s: %w", key, err)
	}
	p := ledger.Posting{Key: key, Cause: row.Cause, Ticket: value(row.Ticket), At: row.At.time()}
	for _, e := range entries {
		p.Entries = append(p.Entries, ledger.Entry{Account: ledger.Account(e.Account), Unit: ledger.Unit(e.Unit), Amount: e.Amount})
	}
	return p, nil
}

const (
	selectAccounts   = `SELECT name, unit, balance FROM account WHERE (name, unit) > (:name, :unit) ORDER BY name, unit LIMIT CAST(:limit AS bigint)`
	selectAccountsOf = `SELECT name, unit, balance FROM account WHERE name = :name ORDER BY unit`
	selectStatement  = `
		SELECT posting.at AS at, posting.key AS key, posting.cause AS cause, posting.ticket AS ticket, entry.unit AS unit,
			entry.amount AS amount, entry.balance AS balance
		FROM entry JOIN posting ON posting.id = entry.posting
		WHERE entry.account = :account ORDER BY entry.unit, entry.number`
)

// Accounts implements desk.Tx.
func (x *tx) Accounts(ctx context.Context, after desk.AccountBalance, limit int) ([]desk.AccountBalance, error) {
	all, err := x.accounts(ctx, selectAccounts, args{"name": after.Account, "unit": after.Unit, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("accounts after %s: %w", after.Account, err)
	}
	return all, nil
}

// AccountsOf implements desk.Tx.
func (x *tx) AccountsOf(ctx context.Context, account ledger.Account) ([]desk.AccountBalance, error) {
	all, err := x.accounts(ctx, selectAccountsOf, args{"name": account})
	if err != nil {
		return nil, fmt.Errorf("balances of %s: %w", account, err)
	}
	return all, nil
}

func (x *tx) accounts(ctx context.Context, query string, a args) ([]desk.AccountBalance, error) {
	var rows []struct {
		Name    string `db:"name"`
		Unit    string `db:"unit"`
		Balance int64  `db:"balance"`
	}
	if err := x.list(ctx, &rows, query, a); err != nil {
		return nil, err
	}
	var all []desk.AccountBalance
	for _, r := range rows {
		all = append(all, desk.AccountBalance{Account: ledger.Account(r.Name), Unit: ledger.Unit(r.Unit), Balance: r.Balance})
	}
	return all, nil
}

// Statement implements desk.Tx.
func (x *tx) Statement(ctx context.Context, account ledger.Account) ([]desk.StatementLine, error) {
	var rows []struct {
		At      instant `db:"at"`
		Key     string  `db:"key"`
		Cause   string  `db:"cause"`
		Ticket  *int64  `db:"ticket"`
		Unit    string  `db:"unit"`
		Amount  int64   `db:"amount"`
		Balance int64   `db:"balance"`
	}
	if err := x.list(ctx, &rows, selectStatement, args{"account": account}); err != nil {
		return nil, fmt.Errorf("statement of %s: %w", account, err)
	}
	var lines []desk.StatementLine
	for _, r := range rows {
		lines = append(lines, desk.StatementLine{
			At: r.At.time(), Key: r.Key, Cause: r.Cause, Ticket: value(r.Ticket), Unit: ledger.Unit(r.Unit), Amount: r.Amount, Balance: r.Balance,
		})
	}
	return lines, nil
}

// Sums are cast, since PostgreSQL adds bigint up as numeric.
const (
	recountAccounts = `
		SELECT account.name AS account, account.unit AS unit, account.balance AS has,
			CAST(COALESCE(SUM(entry.amount), 0) AS bigint) AS want
		FROM account LEFT JOIN entry ON entry.account = account.name AND entry.unit = account.unit
		GROUP BY account.name, account.unit, account.balance, account.entries
		HAVING account.balance <> COALESCE(SUM(entry.amount), 0) OR account.entries <> COUNT(entry.number)
		ORDER BY account.name, account.unit LIMIT 100`
	recountEntries = `
		SELECT account, unit, number, balance AS has, want FROM (
			SELECT account, unit, number, balance,
				CAST(SUM(amount) OVER (PARTITION BY account, unit ORDER BY number) AS bigint) AS want,
				ROW_NUMBER() OVER (PARTITION BY account, unit ORDER BY number) AS place
			FROM entry) AS running
		WHERE balance <> want OR number <> place
		ORDER BY account, unit, number LIMIT 100`
	recountPostings = `
		SELECT posting.key AS key, COALESCE(entry.unit, '') AS unit, CAST(COALESCE(SUM(entry.amount), 0) AS bigint) AS has
		FROM posting LEFT JOIN entry ON entry.posting = posting.id
		GROUP BY posting.id, posting.key, entry.unit
		HAVING COALESCE(SUM(entry.amount), 1) <> 0
		ORDER BY posting.id LIMIT 100`
)

// Recount implements desk.Tx. It reads the whole ledger, and gives at most 100 lines of each of its three checks: one is already
// too many.
func (x *tx) Recount(ctx context.Context) ([]string, error) {
	var rows []struct {
		Account string `db:"account"`
		Unit    string `db:"unit"`
		Number  int64  `db:"number"`
		Key     string `db:"key"`
		Has     int64  `db:"has"`
		Want    int64  `db:"want"`
	}
	var wrong []string
	if err := x.list(ctx, &rows, recountAccounts, nil); err != nil {
		return nil, fmt.Errorf("recount accounts: %w", err)
	}
	for _, r := range rows {
		wrong = append(wrong, fmt.Sprintf("account %s: balance %d %s, its entries make %d, or some are missing", r.Account, r.Has, r.Unit, r.Want))
	}
	rows = nil
	if err := x.list(ctx, &rows, recountEntries, nil); err != nil {
		return nil, fmt.Errorf("recount entries: %w", err)
	}
	for _, r := range rows {
		wrong = append(wrong, fmt.Sprintf("account %s, entry %d: balance %d %s, the entries up to it make %d, or some are missing", r.Account, r.Number, r.Has, r.Unit, r.Want))
	}
	rows = nil
	if err := x.list(ctx, &rows, recountPostings, nil); err != nil {
		return nil, fmt.Errorf("recount postings: %w", err)
	}
	for _, r := range rows {
		wrong = append(wrong, fmt.Sprintf("posting %s: its entries make %d %s and should make zero, or it has none", r.Key, r.Has, r.Unit))
	}
	return wrong, nil
}
