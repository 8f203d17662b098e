-- +goose Up
-- The ledger, the journal and the time worked only grow: whoever gets past our code still cannot change what stands there.

-- +goose StatementBegin
CREATE TRIGGER posting_no_update BEFORE UPDATE ON posting BEGIN SELECT RAISE(ABORT, 'posting is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER posting_no_delete BEFORE DELETE ON posting BEGIN SELECT RAISE(ABORT, 'posting is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'event is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'event is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER time_entry_no_update BEFORE UPDATE ON time_entry BEGIN SELECT RAISE(ABORT, 'time_entry is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER time_entry_no_delete BEFORE DELETE ON time_entry BEGIN SELECT RAISE(ABORT, 'time_entry is append-only'); END;
-- +goose StatementEnd
