-- +goose Up
CREATE TABLE local_accounts (
	identifier    TEXT   NOT NULL PRIMARY KEY, -- folded
	name          TEXT   NOT NULL,
	password_hash TEXT   NOT NULL, -- argon2id; empty: signs in with codes
	created_at    BIGINT NOT NULL,
	updated_at    BIGINT NOT NULL
);

-- The Managed Apple Account of a person whom the rule does not fit, whether local or of a directory.
CREATE TABLE managed_accounts (
	identifier      TEXT   NOT NULL PRIMARY KEY, -- folded
	managed_account TEXT   NOT NULL,
	set_at          BIGINT NOT NULL
);

CREATE TABLE codes (
	digest     BLOB   NOT NULL PRIMARY KEY, -- SHA-256 of the code
	identifier TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at    BIGINT NOT NULL, -- 0: not yet
	attempt    TEXT   NOT NULL  -- for which it was used
);
CREATE INDEX codes_identifier ON codes (identifier);
CREATE INDEX codes_open ON codes (used_at, expires_at);

-- Wrong tries, also of people who do not exist.
CREATE TABLE sign_ins (
	digest       BLOB   NOT NULL PRIMARY KEY, -- SHA-256 of the folded identifier
	failures     BIGINT NOT NULL,
	failed_at    BIGINT NOT NULL, -- the last of them
	locked_until BIGINT NOT NULL  -- 0: not locked
);
CREATE INDEX sign_ins_failed_at ON sign_ins (failed_at);
