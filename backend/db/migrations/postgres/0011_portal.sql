-- +goose Up

-- What people agreed to, or did not.
CREATE TABLE consents (
	id TEXT NOT NULL PRIMARY KEY,
	person TEXT NOT NULL,
	person_name TEXT NOT NULL,
	attempt TEXT NOT NULL,
	kind TEXT NOT NULL, -- privacy, terms
	answer TEXT NOT NULL, -- accepted, declined
	version BIGINT NOT NULL, -- of the terms; 0 for the privacy page
	language TEXT NOT NULL,
	hash TEXT NOT NULL, -- of the text that was shown
	address TEXT NOT NULL, -- where it came from; empty: not kept
	at BIGINT NOT NULL
);
CREATE INDEX consents_by_person ON consents (person, kind, version);
CREATE INDEX consents_by_attempt ON consents (attempt);
CREATE INDEX consents_by_time ON consents (at, id);

-- The texts that were shown, each once.
CREATE TABLE consent_texts (
	hash TEXT NOT NULL PRIMARY KEY,
	content TEXT NOT NULL
);

-- The organization's logo, for light and for dark pages.
CREATE TABLE logos (
	scheme TEXT NOT NULL PRIMARY KEY, -- light, dark
	version TEXT NOT NULL, -- of the picture, for its address
	kind TEXT NOT NULL, -- image/png, image/jpeg
	width BIGINT NOT NULL,
	height BIGINT NOT NULL,
	content BYTEA NOT NULL,
	set_at BIGINT NOT NULL
);

-- Links to a preview on a real phone; the address holds the secret, the table its digest.
CREATE TABLE previews (
	digest BYTEA NOT NULL PRIMARY KEY,
	request TEXT NOT NULL,
	expires_at BIGINT NOT NULL
);
