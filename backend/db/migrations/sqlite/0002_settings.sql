-- +goose Up
CREATE TABLE settings (
	name       TEXT NOT NULL PRIMARY KEY,
	version    BIGINT NOT NULL,
	document   TEXT NOT NULL,
	changed_at BIGINT NOT NULL
);

CREATE TABLE secrets (
	name       TEXT NOT NULL PRIMARY KEY,
	sealed     BLOB NOT NULL,
	changed_at BIGINT NOT NULL
);
