-- +goose Up
-- The chain over the events, in the order in which they were sealed. A link stays when its event is forgotten.
CREATE TABLE links (
	place  INTEGER NOT NULL PRIMARY KEY, -- from 1, without a hole
	seq    BIGINT NOT NULL UNIQUE, -- of the event
	digest BLOB NOT NULL, -- of the event
	head   BLOB NOT NULL -- of this digest and the head before it, under the key of the trail
);

-- One row: how the chain is continued.
CREATE TABLE trail (
	id       BIGINT NOT NULL PRIMARY KEY,
	began_at BIGINT NOT NULL,
	links    BIGINT NOT NULL, -- how many there are
	sealed   BLOB NOT NULL -- the key, and once more how many links there are and the last head
);
