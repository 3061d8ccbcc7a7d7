-- +goose Up
-- When phones could reach us. A beat widens the stretch that it falls into; between two of them we were away.
CREATE TABLE presence (
	from_at  BIGINT NOT NULL,
	until_at BIGINT NOT NULL,
	reason   TEXT   NOT NULL -- what had kept us away before
);
CREATE INDEX presence_until ON presence (until_at);
