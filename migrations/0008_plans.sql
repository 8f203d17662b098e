-- +goose Up
-- SQLite has no statistics here. Of two indexes that begin alike it may take the one that leads to more, and so each look-up has one that no
-- other index is as good as.

-- What everybody wrote with a subject: the look-up of what one person wrote does not say in these words that there is a ticket, and has to take
-- message_base_from.
DROP INDEX message_base;
CREATE INDEX message_base ON message (base, at, id) WHERE base <> '' AND outcome <> 'held' AND ticket IS NOT NULL;
DROP INDEX message_base_bare;
CREATE INDEX message_base_bare ON message (base, at, id) WHERE base <> '' AND outcome <> 'held' AND ticket IS NOT NULL AND bare;

-- What somebody has to do, counted without a look at a ticket; ticket_assignee leads to all that he ever had.
DROP INDEX ticket_load;
CREATE INDEX ticket_load ON ticket (assignee, status) WHERE status IN ('open', 'waiting');
