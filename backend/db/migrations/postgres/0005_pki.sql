-- +goose Up
CREATE TABLE authorities (
	name        TEXT PRIMARY KEY,
	certificate BYTEA NOT NULL,
	key         BYTEA NOT NULL,
	created_at  BIGINT NOT NULL
);

CREATE TABLE challenges (
	digest     BYTEA PRIMARY KEY,
	attempt    TEXT NOT NULL,
	person     TEXT NOT NULL,
	enrollment TEXT NOT NULL,
	expires_at BIGINT NOT NULL
);

CREATE INDEX challenges_by_attempt ON challenges (attempt);
CREATE INDEX challenges_by_enrollment ON challenges (enrollment) WHERE enrollment <> '';
CREATE INDEX challenges_by_expiry ON challenges (expires_at);

CREATE TABLE identities (
	fingerprint TEXT PRIMARY KEY,
	serial      TEXT NOT NULL,
	attempt     TEXT NOT NULL,
	person      TEXT NOT NULL,
	enrollment  TEXT NOT NULL,
	public_key  BYTEA NOT NULL,
	challenge   BYTEA UNIQUE,
	renews      TEXT NOT NULL,
	not_before  BIGINT NOT NULL,
	not_after   BIGINT NOT NULL,
	issued_at   BIGINT NOT NULL,
	revoked_at  BIGINT NOT NULL,
	certificate BYTEA NOT NULL
);

CREATE INDEX identities_by_attempt ON identities (attempt);
CREATE INDEX identities_by_enrollment ON identities (enrollment) WHERE enrollment <> '';
CREATE INDEX identities_by_end ON identities (not_after) WHERE enrollment <> '' AND revoked_at = 0;
CREATE INDEX identities_by_renewed ON identities (renews) WHERE renews <> '';

CREATE TABLE tls_certificates (
	name       TEXT PRIMARY KEY,
	version    BIGINT NOT NULL,
	source     TEXT NOT NULL,
	hosts      TEXT NOT NULL,
	chain      BYTEA NOT NULL,
	key        BYTEA NOT NULL,
	not_before BIGINT NOT NULL,
	not_after  BIGINT NOT NULL
);
