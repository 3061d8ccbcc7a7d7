-- +goose Up
-- Lists of phones that administrators keep under a name.
CREATE TABLE views (
	id         TEXT NOT NULL PRIMARY KEY,
	folded     TEXT NOT NULL UNIQUE, -- the name, as names are compared
	document   TEXT NOT NULL, -- JSON
	created_at BIGINT NOT NULL
);
