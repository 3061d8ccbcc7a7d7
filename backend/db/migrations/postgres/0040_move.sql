-- +goose Up
-- That people move here from an older device management. There is one such move at a time.
CREATE TABLE moves (
	id          TEXT NOT NULL PRIMARY KEY, -- 'move'
	old_profile TEXT NOT NULL, -- what the old management's profile is called on a phone
	deadline    BIGINT NOT NULL, -- until when people are asked to move; 0: not said yet
	created_at  BIGINT NOT NULL
);

-- A phone of the old management's list, with what is needed to find its person and to see it arrive, and nothing else.
CREATE TABLE move_records (
	id          TEXT NOT NULL PRIMARY KEY,
	source      TEXT NOT NULL, -- which list it is from
	number      TEXT NOT NULL, -- of the record in the old management
	name        TEXT NOT NULL,
	model       TEXT NOT NULL,
	os          TEXT NOT NULL,
	email       TEXT NOT NULL, -- this and the next two as the old list has them
	account     TEXT NOT NULL,
	full_name   TEXT NOT NULL,
	kind        TEXT NOT NULL, -- profile, user, other; empty: the list does not say
	seen_at     BIGINT NOT NULL, -- there
	listed_at   BIGINT NOT NULL, -- when a list last had it
	gone_at     BIGINT NOT NULL, -- since when a list has it no more, or says that it is not managed; 0: it is there
	person      TEXT NOT NULL, -- identifier; empty: unknown
	how         TEXT NOT NULL, -- how we know whose it is
	guess       TEXT NOT NULL, -- who it may be
	guessed     TEXT NOT NULL, -- why
	sure        BIGINT NOT NULL, -- per cent, of person or guess
	invited_at  BIGINT NOT NULL,
	reminded_at BIGINT NOT NULL,
	settled     TEXT NOT NULL, -- moved or left_out, because somebody said so
	enrollment  TEXT NOT NULL, -- the phone here that it is: somebody said so, or it was so when it was removed
	removed_at  BIGINT NOT NULL, -- from the list, as the last step
	batch       TEXT NOT NULL -- with which it was removed
);
CREATE INDEX move_records_enrollment ON move_records (enrollment) WHERE enrollment <> '';
