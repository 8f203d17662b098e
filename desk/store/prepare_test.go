package store_test

import (
	"fmt"
	"testing"

	"github.com/postdesk/postdesk/desk/store/storetest"
)

// Statements are kept through failures and rolled back transactions, and more of them than are kept work all the same.
func TestKeptStatements(t *testing.T) {
	st := storetest.OnPostgres(t)
	st.Raw().SetMaxOpenConns(1) // all on one connection
	ask := func(query string, arg, want int) {
		t.Helper()
		var got int
		if err := st.Raw().Get(&got, query, arg); err != nil || got != want {
			t.Errorf("%s with %d: got %d, %v, want %d", query, arg, got, err, want)
		}
	}
	const divide = `SELECT 12 / CAST($1 AS bigint)`
	for range 2 {
		for n := range 300 {
			ask(fmt.Sprintf(`SELECT CAST($1 AS bigint) + %d`, n), 1, n+1)
		}
		ask(divide, 4, 3)
		if _, err := st.Raw().Exec(divide, 0); err == nil {
			t.Error("divided by zero")
		}
		if _, err := st.Raw().Exec(`SELECT nothing FROM nowhere WHERE a = $1`, 1); err == nil {
			t.Error("read from nowhere")
		}
		rolledBack := st.Raw().MustBegin()
		if _, err := rolledBack.Exec(divide, 0); err == nil {
			t.Error("divided by zero")
		}
		if err := rolledBack.Rollback(); err != nil {
			t.Error(err)
		}
		ask(divide, 3, 4)
	}
}
