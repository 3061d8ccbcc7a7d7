-- +goose Up
-- Words that somebody changed, over those that are built into the program.
CREATE TABLE texts (
	language        TEXT    NOT NULL,
	text_key        TEXT    NOT NULL,
	draft           BOOLEAN NOT NULL,
	words           TEXT    NOT NULL, -- empty in a draft: back to the words built in
	source          TEXT    NOT NULL, -- the words that they were made from
	source_language TEXT    NOT NULL, -- whose words those were; its own: those built in
	author          TEXT    NOT NULL,
	changed_at      BIGINT  NOT NULL,
	PRIMARY KEY (draft, language, text_key)
);

CREATE TABLE text_versions (
	version      BIGINT NOT NULL PRIMARY KEY,
	published_at BIGINT NOT NULL,
	author       TEXT   NOT NULL,
	note         TEXT   NOT NULL,
	restored     BIGINT NOT NULL, -- the version whose words came back; -1: none did
	terms        BIGINT NOT NULL, -- the number that the terms have since then
	terms_at     BIGINT NOT NULL,
	changes      TEXT   NOT NULL  -- JSON: each text before and after
);

-- Languages that were added, switched on or off, or reviewed. Without a row, a built-in language is on and not reviewed.
CREATE TABLE text_languages (
	tag         TEXT    NOT NULL PRIMARY KEY,
	enabled     BOOLEAN NOT NULL,
	reviewed_by TEXT    NOT NULL, -- empty: nobody
	reviewed_at BIGINT  NOT NULL,
	changed_at  BIGINT  NOT NULL
);

-- Names the present state of the published words and of the drafts, for those who keep a copy.
CREATE TABLE text_revisions (
	name     TEXT NOT NULL PRIMARY KEY,
	revision TEXT NOT NULL
);
