package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"
	"github.com/postdesk/postdesk/migrations"
)

// postgresNow is the clock that the nodes share. It goes on during a transaction, so that a lease taken after a long wait is not
// already half over.
const postgresNow = `SELECT clock_timestamp()`

// openPostgres opens a DSN such as postgres://postdesk@db.example/postdesk?sslmode=verify-full. What it does not say is set so
// that nothing waits for ever: not connecting, not a statement, not for a line that is silent, not the others for a node that died inside a
// transaction.
func (st *Store) openPostgres(ctx context.Context, dsn string) error {
	cfg, err := pq.NewConfig(dsn)
	if err != nil {
		// The driver's error may quote the DSN, and the password with it.
		return errors.New("the DSN cannot be read; such as postgres://postdesk@db.example/postdesk?sslmode=verify-full")
	}
	st.engine = migrations.Postgres
	st.name = fmt.Sprintf("postgres %s, port %d, database %s", cfg.Host, cfg.Port, cfg.Database)
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 10 * time.Second
	}
	if cfg.ApplicationName == "" {
		cfg.ApplicationName = "postdesk"
	}
	if cfg.Runtime == nil {
		cfg.Runtime = map[string]string{}
	}
	for key, value := range map[string]string{"statement_timeout": "60s", "idle_in_transaction_session_timeout": "60s"} {
		if _, ok := cfg.Runtime[key]; !ok {
			cfg.Runtime[key] = value
		}
	}
	// One round trip a statement instead of two, bytes as they are instead of in hex, and no unnamed statement that a pooler
	// in transaction mode could lose between the two.
	cfg.BinaryParameters = true
	c, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return fmt.Errorf("%s: %w", st.name, err)
	}
	lines := &lineDialer{}
	lines.await(time.Minute)
	c.Dialer(lines)
	db := sql.OpenDB(preparing{c, &st.trips})
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(8)
	db.SetConnMaxIdleTime(5 * time.Minute)
	st.writer = numbered(db)
	st.reader = st.writer
	if err := requirePostgres(ctx, db); err != nil {
		return fmt.Errorf("%s: %w", st.name, st.explain(ctx, err))
	}
	var limit int64 // in milliseconds, whatever the DSN, the role or the server says it in
	if err := db.QueryRowContext(ctx, "SELECT CAST(setting AS bigint) FROM pg_settings WHERE name = 'statement_timeout'").Scan(&limit); err != nil {
		return fmt.Errorf("%s: %w", st.name, st.explain(ctx, err))
	}
	lines.await(time.Duration(limit) * time.Millisecond)
	return nil
}

// requirePostgres refuses to work with settings under which a committed mail could be lost, or its text be changed (T105).
func requirePostgres(ctx context.Context, db *sql.DB) error {
	for _, s := range []struct{ setting, bad, why string }{
		{"fsync", "off", "a crash could damage the database"},
		{"full_page_writes", "off", "a crash could damage the database"},
		{"synchronous_commit", "off", "a crash could undo a mail that was already flagged on its server"},
		{"default_transaction_read_only", "on", "nothing could be written"},
		{"in_hot_standby", "on", "this server is a copy and takes no writes; name the primary, or add target_session_attrs=read-write"},
		{"standard_conforming_strings", "off", "text would be read differently"},
	} {
		var got string
		if err := db.QueryRowContext(ctx, "SHOW "+s.setting).Scan(&got); err != nil {
			return err
		}
		if got == s.bad {
			return fmt.Errorf("%s is %s, and must not be (%s)", s.setting, got, s.why)
		}
	}
	var encoding string
	if err := db.QueryRowContext(ctx, "SHOW server_encoding").Scan(&encoding); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return fmt.Errorf("server_encoding is %s, and must be UTF8 (mail is written in every script): create the database with ENCODING 'UTF8' TEMPLATE template0", encoding)
	}
	var version int
	if err := db.QueryRowContext(ctx, "SELECT CAST(current_setting('server_version_num') AS integer)").Scan(&version); err != nil {
		return err
	}
	if version < 14_00_00 {
		return fmt.Errorf("server version %d, and must be PostgreSQL 14 or later", version/10000)
	}
	return nil
}
