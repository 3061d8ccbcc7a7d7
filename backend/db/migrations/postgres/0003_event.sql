-- +goose Up
CREATE TABLE events (
	seq        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id         TEXT NOT NULL UNIQUE,
	at         BIGINT NOT NULL,
	kind       TEXT NOT NULL,
	actor      TEXT NOT NULL,
	attempt    TEXT NOT NULL,
	enrollment TEXT NOT NULL,
	person     TEXT NOT NULL,
	params     TEXT NOT NULL
);

CREATE INDEX events_by_attempt ON events (attempt, seq) WHERE attempt <> '';
CREATE INDEX events_by_enrollment ON events (enrollment, seq) WHERE enrollment <> '';
CREATE INDEX events_by_person ON events (person, seq) WHERE person <> '';
