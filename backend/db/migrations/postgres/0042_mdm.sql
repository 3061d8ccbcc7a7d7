-- +goose Up
-- The last command that a phone could not carry out, until it carries out another one of that type.
ALTER TABLE enrollments ADD COLUMN failed_at BIGINT NOT NULL DEFAULT 0; -- 0: none
ALTER TABLE enrollments ADD COLUMN failed_type TEXT NOT NULL DEFAULT '';
UPDATE enrollments SET failed_at = COALESCE((
	SELECT MAX(c.answered_at) FROM commands c
	WHERE c.enrollment = enrollments.id AND c.state IN ('error', 'format-error') AND NOT EXISTS (
		SELECT 1 FROM commands l
		WHERE l.enrollment = c.enrollment AND l.request_type = c.request_type AND l.state = 'acknowledged' AND l.answered_at > c.answered_at)), 0);
UPDATE enrollments SET failed_type = COALESCE((
	SELECT MAX(c.request_type) FROM commands c
	WHERE c.enrollment = enrollments.id AND c.state IN ('error', 'format-error') AND c.answered_at = enrollments.failed_at), '')
WHERE failed_at > 0;
