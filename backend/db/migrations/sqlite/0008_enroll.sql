-- +goose Up

-- One try to enroll, or to sign in again.
CREATE TABLE attempts (
	id TEXT NOT NULL PRIMARY KEY,
	ref TEXT NOT NULL,
	step TEXT NOT NULL,
	reason TEXT NOT NULL,
	language TEXT NOT NULL,
	product TEXT NOT NULL,
	build TEXT NOT NULL,
	os_version TEXT NOT NULL,
	origin TEXT NOT NULL,
	identifier TEXT NOT NULL,
	person TEXT NOT NULL,
	name TEXT NOT NULL,
	managed_account TEXT NOT NULL,
	enrollment TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE INDEX attempts_by_step ON attempts (step, updated_at);
CREATE INDEX attempts_by_time ON attempts (updated_at, id);
CREATE INDEX attempts_by_enrollment ON attempts (enrollment, created_at);

-- Addresses of the sign-in pages; the address holds the secret, the table its digest.
CREATE TABLE sessions (
	digest BLOB NOT NULL PRIMARY KEY,
	attempt TEXT NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
	expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_attempt ON sessions (attempt);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Access tokens. They outlive their attempt: a token lives as long as the enrollment.
CREATE TABLE tokens (
	digest BLOB NOT NULL PRIMARY KEY,
	attempt TEXT NOT NULL,
	person TEXT NOT NULL,
	name TEXT NOT NULL,
	managed_account TEXT NOT NULL,
	enrollment TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX tokens_by_attempt ON tokens (attempt);
CREATE INDEX tokens_by_enrollment ON tokens (enrollment);
CREATE INDEX tokens_by_expiry ON tokens (expires_at);
