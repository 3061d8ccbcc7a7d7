-- +goose Up

-- What an enrolled phone reported last about itself. The report of a phone is one JSON document, merged from what it
-- sent since its last full report.
CREATE TABLE declaration_status (
	enrollment TEXT NOT NULL PRIMARY KEY REFERENCES enrollments (id) ON DELETE CASCADE,
	report BYTEA NOT NULL,
	errors BYTEA NOT NULL,
	reported_at BIGINT NOT NULL
);
