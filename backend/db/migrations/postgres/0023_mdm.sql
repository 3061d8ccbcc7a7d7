-- +goose Up
-- The last contact by the hour, for lists: whole hours change seldom, so a poll seldom has something new for this index.
ALTER TABLE enrollments ADD COLUMN seen_hour BIGINT GENERATED ALWAYS AS (last_seen_at / 3600000) STORED;
CREATE INDEX enrollments_seen_hour ON enrollments (seen_hour);
