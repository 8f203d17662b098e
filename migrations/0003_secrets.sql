-- +goose Up
-- Secrets, each sealed for its own place by a key that is not in the database: kind, owner and what are part of the seal, so that a
-- row copied over another one opens nothing. sealed_by is the id of the key.
CREATE TABLE secret (
    kind text NOT NULL,
    owner text NOT NULL,
    what text NOT NULL,
    sealed bytea NOT NULL,
    sealed_by text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (kind, owner, what)
);
