-- +goose Up
-- An index for each number that a list is sorted by, but for what a poll changes.
CREATE INDEX enrollments_by_information_at ON enrollments (information_at, n);
CREATE INDEX enrollments_by_identity_expires_at ON enrollments (identity_expires_at, n);
CREATE INDEX enrollments_by_enrolled_at ON enrollments (enrolled_at, n);
CREATE INDEX enrollments_by_ended_at ON enrollments (ended_at, n);
CREATE INDEX enrollments_by_archived_at ON enrollments (archived_at, n);
CREATE INDEX enrollments_by_sent_at ON enrollments (sent_at, n);
CREATE INDEX enrollments_by_failed_at ON enrollments (failed_at, n);
CREATE INDEX enrollments_by_capacity ON enrollments (capacity, n);
CREATE INDEX enrollments_by_available ON enrollments (available, n);
CREATE INDEX enrollments_by_battery ON enrollments (battery, n);
CREATE INDEX enrollments_by_passcode ON enrollments (passcode, n);
CREATE INDEX enrollments_by_kept ON enrollments ((CASE WHEN kept THEN 1 ELSE 0 END), n);
-- What finds rows tells their number as well.
DROP INDEX enrollments_seen_hour;
CREATE INDEX enrollments_seen_hour ON enrollments (seen_hour, n);
DROP INDEX enrollments_stage;
CREATE INDEX enrollments_stage ON enrollments (stage, n);
