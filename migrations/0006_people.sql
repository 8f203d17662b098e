-- +goose Up
-- What the desk wants to look at by the clock beside tickets, such as mails that wait for a person.
CREATE TABLE timer (
    name text PRIMARY KEY,
    at timestamptz NOT NULL
);
CREATE INDEX timer_at ON timer (at, name);

-- Addresses that get no automatic mail, since somebody there complained.
CREATE TABLE muted (
    address text PRIMARY KEY,
    at timestamptz NOT NULL,
    why text NOT NULL
);
