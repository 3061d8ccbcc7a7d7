-- +goose Up
-- Records that were archived together, so that it can be undone together.
CREATE TABLE batches (
	id        TEXT NOT NULL PRIMARY KEY,
	at        BIGINT NOT NULL,
	actor     TEXT NOT NULL,
	count     BIGINT NOT NULL,
	undone_at BIGINT NOT NULL -- 0: not undone
);
CREATE INDEX batches_at ON batches (at);

-- What remains of records that were erased: how many, and nothing about anybody.
CREATE TABLE receipts (
	id     TEXT NOT NULL PRIMARY KEY,
	at     BIGINT NOT NULL,
	actor  TEXT NOT NULL,
	phones BIGINT NOT NULL
);
CREATE INDEX receipts_at ON receipts (at);
