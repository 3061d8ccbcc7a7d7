-- +goose Up

-- What a person answered on the pages of the sheet.
ALTER TABLE attempts ADD COLUMN chosen_language TEXT NOT NULL DEFAULT ''; -- on a page; empty: none
ALTER TABLE attempts ADD COLUMN choices TEXT NOT NULL DEFAULT ''; -- groups to choose from, a JSON list
ALTER TABLE attempts ADD COLUMN group_name TEXT NOT NULL DEFAULT ''; -- the one that was chosen
ALTER TABLE attempts ADD COLUMN nickname TEXT NOT NULL DEFAULT ''; -- of the phone
ALTER TABLE attempts ADD COLUMN same TEXT NOT NULL DEFAULT ''; -- yes, no, unsure; empty: not asked
ALTER TABLE attempts ADD COLUMN former TEXT NOT NULL DEFAULT ''; -- the enrollment that same is about
ALTER TABLE attempts ADD COLUMN answered TEXT NOT NULL DEFAULT ''; -- pages, separated by blanks
ALTER TABLE attempts ADD COLUMN page TEXT NOT NULL DEFAULT ''; -- where the person is
CREATE INDEX attempts_by_person ON attempts (person, updated_at);

-- After the sign-in a session goes on under another address, which only the browser that signed in knows.
ALTER TABLE sessions ADD COLUMN proven BOOLEAN NOT NULL DEFAULT FALSE; -- it is such an address
ALTER TABLE sessions ADD COLUMN spent BOOLEAN NOT NULL DEFAULT FALSE; -- somebody has signed in here and gone on elsewhere

ALTER TABLE devices ADD COLUMN nickname TEXT NOT NULL DEFAULT ''; -- what its person calls it
ALTER TABLE devices ADD COLUMN group_name TEXT NOT NULL DEFAULT ''; -- the group that the person chose
ALTER TABLE devices ADD COLUMN same TEXT NOT NULL DEFAULT ''; -- whether it is the phone of former, as the person says
CREATE INDEX devices_replaced ON devices (former) WHERE same = 'yes';

-- Whether anybody has a password is asked for each page.
CREATE INDEX local_accounts_with_password ON local_accounts (identifier) WHERE password_hash <> '';
