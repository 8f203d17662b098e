-- +goose Up
-- What somebody has to do, and which ticket he got last: asked whenever one of several is chosen.
CREATE INDEX ticket_load ON ticket (assignee, number) WHERE status IN ('open', 'waiting');
CREATE INDEX ticket_assignee ON ticket (assignee, number);
