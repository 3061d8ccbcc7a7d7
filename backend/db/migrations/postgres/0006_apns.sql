-- +goose Up
-- Push certificates, the newest counts. Ids sort by time.
CREATE TABLE push_certificates (
	id          TEXT NOT NULL PRIMARY KEY,
	topic       TEXT NOT NULL,
	account     TEXT NOT NULL,
	issuer      TEXT NOT NULL,
	not_before  BIGINT NOT NULL,
	not_after   BIGINT NOT NULL,
	imported_at BIGINT NOT NULL,
	chain       BYTEA NOT NULL,
	sealed_key  BYTEA NOT NULL,
	complaint   TEXT NOT NULL
);
