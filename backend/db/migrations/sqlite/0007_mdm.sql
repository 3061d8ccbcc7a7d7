-- +goose Up
-- One phone under management. Narrow, since every poll writes its row; no index on what a poll changes.
CREATE TABLE enrollments (
	id                  TEXT NOT NULL PRIMARY KEY, -- Apple's EnrollmentID
	attempt             TEXT NOT NULL,
	person              TEXT NOT NULL, -- user identifier
	stage               TEXT NOT NULL,
	fingerprint         TEXT NOT NULL, -- of the identity's certificate
	token_digest        TEXT NOT NULL, -- of the bearer token; empty: ask again
	last_seen_at        BIGINT NOT NULL,
	identity_expires_at BIGINT NOT NULL,
	renewed             BOOLEAN NOT NULL, -- the identity is a successor of the one that the enrollment began with
	authenticated_at    BIGINT NOT NULL,
	enrolled_at         BIGINT NOT NULL, -- 0: not yet
	ended_at            BIGINT NOT NULL, -- 0: not ended
	ended_by            TEXT NOT NULL
);
CREATE INDEX enrollments_person ON enrollments (person, authenticated_at);
CREATE INDEX enrollments_stage ON enrollments (stage);
CREATE INDEX enrollments_enrolled_at ON enrollments (enrolled_at, id);

-- Whose it is and what it told about itself.
CREATE TABLE devices (
	enrollment           TEXT NOT NULL PRIMARY KEY,
	person_name          TEXT NOT NULL,
	managed_account      TEXT NOT NULL,
	former               TEXT NOT NULL, -- the enrollment before this one, of the same person and model
	product_name         TEXT NOT NULL,
	model                TEXT NOT NULL,
	model_number         TEXT NOT NULL,
	name                 TEXT NOT NULL,
	os_version           TEXT NOT NULL,
	os_extra             TEXT NOT NULL,
	build                TEXT NOT NULL,
	capacity             BIGINT, -- bytes
	available            BIGINT, -- bytes
	battery              BIGINT, -- per cent
	passcode_present     BOOLEAN,
	passcode_compliant   BOOLEAN,
	hardware_encryption  BIGINT,
	user_enrollment      BOOLEAN,
	information_at       BIGINT NOT NULL,
	security_at          BIGINT NOT NULL,
	status_at            BIGINT NOT NULL,
	search               TEXT NOT NULL, -- folded: person, account, name, model, system
	by_person            TEXT NOT NULL, -- folded or padded, to sort by
	by_name              TEXT NOT NULL,
	by_model             TEXT NOT NULL,
	by_os                TEXT NOT NULL
);
CREATE INDEX devices_by_person ON devices (by_person, enrollment);
CREATE INDEX devices_by_name ON devices (by_name, enrollment);
CREATE INDEX devices_by_model ON devices (by_model, enrollment);
CREATE INDEX devices_by_os ON devices (by_os, enrollment);

-- Commands, the waiting ones in an index of their own: a poll never meets a finished one. Ids sort by time.
CREATE TABLE commands (
	uuid         TEXT NOT NULL PRIMARY KEY,
	enrollment   TEXT NOT NULL,
	request_type TEXT NOT NULL,
	ends         BOOLEAN NOT NULL, -- its acknowledgement ends the management
	state        TEXT NOT NULL,
	waiting      TEXT, -- the enrollment, as long as the phone has not answered
	actor        TEXT NOT NULL,
	queued_at    BIGINT NOT NULL,
	sent_at      BIGINT NOT NULL,
	answered_at  BIGINT NOT NULL,
	expires_at   BIGINT NOT NULL,
	reason       TEXT NOT NULL, -- what the phone said when it could not
	body         BLOB NOT NULL
);
CREATE INDEX commands_waiting ON commands (waiting, uuid) WHERE waiting IS NOT NULL;
CREATE INDEX commands_expiry ON commands (expires_at) WHERE waiting IS NOT NULL;
CREATE INDEX commands_enrollment ON commands (enrollment, uuid);

-- Answers, as we understood them.
CREATE TABLE command_results (
	command    TEXT NOT NULL PRIMARY KEY,
	enrollment TEXT NOT NULL,
	body       BLOB NOT NULL
);
CREATE INDEX results_enrollment ON command_results (enrollment);

-- Apps under management, never the person's own.
CREATE TABLE managed_apps (
	enrollment TEXT NOT NULL,
	identifier TEXT NOT NULL,
	name       TEXT NOT NULL,
	version    TEXT NOT NULL,
	status     TEXT NOT NULL,
	PRIMARY KEY (enrollment, identifier)
);

-- How to wake a phone, when, and what came of it.
CREATE TABLE pushes (
	enrollment    TEXT NOT NULL PRIMARY KEY,
	topic         TEXT NOT NULL,
	token         BLOB NOT NULL,
	magic         TEXT NOT NULL,
	token_at      BIGINT NOT NULL,
	due_at        BIGINT NOT NULL, -- 0: nobody waits
	claimed_until BIGINT NOT NULL,
	tries         BIGINT NOT NULL,
	sent_at       BIGINT NOT NULL,
	outcome       TEXT NOT NULL,
	reason        TEXT NOT NULL,
	gone_at       BIGINT NOT NULL -- since when nobody listens, as Apple says; 0: as far as we know, somebody does
);
CREATE INDEX pushes_due ON pushes (due_at) WHERE due_at > 0;
CREATE INDEX pushes_gone ON pushes (enrollment) WHERE gone_at > 0;
