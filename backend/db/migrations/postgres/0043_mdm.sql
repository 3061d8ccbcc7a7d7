-- +goose Up
-- Automatic clean-up: what it would do, as somebody has seen and perhaps accepted it, and what it did. Ids sort by time.
CREATE TABLE cleanups (
	id          TEXT NOT NULL PRIMARY KEY,
	at          BIGINT NOT NULL,
	outcome     TEXT NOT NULL, -- report, done, braked
	rule        TEXT NOT NULL, -- JSON: the thresholds and the brake
	records     BIGINT NOT NULL, -- that there were
	proposed    BIGINT NOT NULL,
	woken       BIGINT NOT NULL,
	kept        BIGINT NOT NULL, -- pinned
	batch       TEXT NOT NULL, -- empty: nothing was put away
	accepted_at BIGINT NOT NULL, -- of a report; 0: not accepted
	accepted_by TEXT NOT NULL
);
CREATE INDEX cleanups_outcome ON cleanups (outcome, id);
