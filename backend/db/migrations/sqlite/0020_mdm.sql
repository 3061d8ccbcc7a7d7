-- +goose Up
-- Lists scan the numbers of all phones and walk the words in order, so the two lie apart: enrollments has the numbers,
-- narrow; listed the words, each with an index. What a phone proves itself with is in neither.

-- What a message of the phone must agree with.
CREATE TABLE pins (
	enrollment   TEXT NOT NULL PRIMARY KEY,
	attempt      TEXT NOT NULL,
	fingerprint  TEXT NOT NULL, -- of the identity's certificate
	token_digest TEXT NOT NULL  -- of the bearer token; empty: ask again
);
INSERT INTO pins (enrollment, attempt, fingerprint, token_digest) SELECT id, attempt, fingerprint, token_digest FROM enrollments;

-- One phone under management: the numbers. No index on what a poll changes.
CREATE TABLE enrollments_next (
	n                   INTEGER PRIMARY KEY AUTOINCREMENT, -- joins the two halves of a list
	id                  TEXT NOT NULL UNIQUE, -- Apple's EnrollmentID
	person              TEXT NOT NULL, -- user identifier
	stage               TEXT NOT NULL,
	last_seen_at        BIGINT NOT NULL,
	identity_expires_at BIGINT NOT NULL,
	renewed             BOOLEAN NOT NULL, -- the identity is a successor of the one that the enrollment began with
	authenticated_at    BIGINT NOT NULL,
	enrolled_at         BIGINT NOT NULL, -- 0: not yet
	ended_at            BIGINT NOT NULL, -- 0: not ended
	ended_by            TEXT NOT NULL,
	token_at            BIGINT NOT NULL DEFAULT 0, -- what pushing taught us, as in pushes
	sent_at             BIGINT NOT NULL DEFAULT 0,
	outcome             TEXT NOT NULL DEFAULT '',
	gone_at             BIGINT NOT NULL DEFAULT 0,
	information_at      BIGINT NOT NULL DEFAULT 0, -- last inventory
	capacity            BIGINT NOT NULL DEFAULT -1, -- bytes; -1: not told
	available           BIGINT NOT NULL DEFAULT -1, -- bytes
	battery             BIGINT NOT NULL DEFAULT -1, -- per cent
	passcode            BIGINT NOT NULL DEFAULT -1, -- 0 none, 1 against the rules, 2 there is one, 3 as the rules say
	kept                BOOLEAN NOT NULL DEFAULT FALSE, -- never proposed for clearing
	archived_at         BIGINT NOT NULL DEFAULT 0, -- 0: not archived
	archived_from       TEXT NOT NULL DEFAULT '', -- the stage before it was archived
	batch               TEXT NOT NULL DEFAULT ''  -- with which it was archived
);
INSERT INTO enrollments_next (id, person, stage, last_seen_at, identity_expires_at, renewed, authenticated_at, enrolled_at, ended_at, ended_by)
SELECT id, person, stage, last_seen_at, identity_expires_at, renewed, authenticated_at, enrolled_at, ended_at, ended_by FROM enrollments;
UPDATE enrollments_next SET token_at = p.token_at, sent_at = p.sent_at, outcome = p.outcome, gone_at = p.gone_at
FROM pushes p WHERE p.enrollment = enrollments_next.id;
UPDATE enrollments_next SET information_at = d.information_at, capacity = COALESCE(d.capacity, -1), available = COALESCE(d.available, -1),
	battery = COALESCE(d.battery, -1),
	passcode = CASE WHEN NOT d.passcode_present THEN 0 WHEN NOT d.passcode_compliant THEN 1 WHEN d.passcode_compliant THEN 3
		WHEN d.passcode_present THEN 2 ELSE -1 END
FROM devices d WHERE d.enrollment = enrollments_next.id;

-- The reports of phones belong to an enrollment: they step aside while the table is built anew.
CREATE TABLE declaration_status_aside AS SELECT enrollment, report, errors, reported_at FROM declaration_status;
DROP TABLE declaration_status;
DROP TABLE enrollments;
ALTER TABLE enrollments_next RENAME TO enrollments;
CREATE INDEX enrollments_person ON enrollments (person, authenticated_at);
CREATE INDEX enrollments_stage ON enrollments (stage);
CREATE INDEX enrollments_batch ON enrollments (batch) WHERE batch <> '';
CREATE TABLE declaration_status (
	enrollment TEXT NOT NULL PRIMARY KEY REFERENCES enrollments (id) ON DELETE CASCADE,
	report BLOB NOT NULL,
	errors BLOB NOT NULL,
	reported_at BIGINT NOT NULL
);
INSERT INTO declaration_status (enrollment, report, errors, reported_at)
SELECT enrollment, report, errors, reported_at FROM declaration_status_aside;
DROP TABLE declaration_status_aside;

-- The words by which lists are searched and sorted: folded, or padded. A row for each of enrollments.
CREATE TABLE listed (
	n           INTEGER PRIMARY KEY,
	by_person   TEXT NOT NULL,
	by_account  TEXT NOT NULL,
	by_name     TEXT NOT NULL,
	by_nickname TEXT NOT NULL DEFAULT '',
	by_model    TEXT NOT NULL,
	by_product  TEXT NOT NULL,
	by_os       TEXT NOT NULL,
	by_build    TEXT NOT NULL,
	by_group    TEXT NOT NULL DEFAULT '',
	by_tags     TEXT NOT NULL DEFAULT '',
	by_notes    TEXT NOT NULL DEFAULT '',
	by_field1   TEXT NOT NULL DEFAULT '',
	by_field2   TEXT NOT NULL DEFAULT '',
	by_field3   TEXT NOT NULL DEFAULT '',
	by_field4   TEXT NOT NULL DEFAULT '',
	by_field5   TEXT NOT NULL DEFAULT '',
	by_field6   TEXT NOT NULL DEFAULT '',
	by_field7   TEXT NOT NULL DEFAULT '',
	by_field8   TEXT NOT NULL DEFAULT '',
	by_field9   TEXT NOT NULL DEFAULT '',
	by_field10  TEXT NOT NULL DEFAULT '',
	search      TEXT NOT NULL -- person, account, names, model, system, tags, notes, own fields
);
INSERT INTO listed (n, by_person, by_account, by_name, by_nickname, by_group, by_model, by_product, by_os, by_build, search)
SELECT e.n, d.by_person, LOWER(d.managed_account), d.by_name, LOWER(d.nickname), LOWER(d.group_name), d.by_model, LOWER(d.product_name), d.by_os, LOWER(d.build), d.search
FROM enrollments e JOIN devices d ON d.enrollment = e.id;
CREATE INDEX listed_person ON listed (by_person, n);
CREATE INDEX listed_account ON listed (by_account, n);
CREATE INDEX listed_name ON listed (by_name, n);
CREATE INDEX listed_nickname ON listed (by_nickname, n);
CREATE INDEX listed_model ON listed (by_model, n);
CREATE INDEX listed_product ON listed (by_product, n);
CREATE INDEX listed_os ON listed (by_os, n);
CREATE INDEX listed_build ON listed (by_build, n);
CREATE INDEX listed_group ON listed (by_group, n);
CREATE INDEX listed_tags ON listed (by_tags, n);
CREATE INDEX listed_notes ON listed (by_notes, n);
CREATE INDEX listed_field1 ON listed (by_field1, n);
CREATE INDEX listed_field2 ON listed (by_field2, n);
CREATE INDEX listed_field3 ON listed (by_field3, n);
CREATE INDEX listed_field4 ON listed (by_field4, n);
CREATE INDEX listed_field5 ON listed (by_field5, n);
CREATE INDEX listed_field6 ON listed (by_field6, n);
CREATE INDEX listed_field7 ON listed (by_field7, n);
CREATE INDEX listed_field8 ON listed (by_field8, n);
CREATE INDEX listed_field9 ON listed (by_field9, n);
CREATE INDEX listed_field10 ON listed (by_field10, n);

DROP INDEX devices_by_person;
DROP INDEX devices_by_name;
DROP INDEX devices_by_model;
DROP INDEX devices_by_os;
ALTER TABLE devices DROP COLUMN by_person;
ALTER TABLE devices DROP COLUMN by_name;
ALTER TABLE devices DROP COLUMN by_model;
ALTER TABLE devices DROP COLUMN by_os;
ALTER TABLE devices DROP COLUMN search;

-- What people wrote about a phone.
CREATE TABLE remarks (
	enrollment  TEXT NOT NULL PRIMARY KEY,
	notes       TEXT NOT NULL,
	fields      TEXT NOT NULL, -- the ten own fields, a JSON list
	tags        TEXT NOT NULL, -- a JSON list, for whoever reads a row; see tags
	keep_reason TEXT NOT NULL, -- why it is never proposed for clearing
	kept_by     TEXT NOT NULL,
	kept_at     BIGINT NOT NULL
);

-- The tags of phones, to find phones by.
CREATE TABLE tags (
	n          BIGINT NOT NULL,
	folded     TEXT NOT NULL,
	tag        TEXT NOT NULL,
	PRIMARY KEY (n, folded)
);
CREATE INDEX tags_folded ON tags (folded, n);
