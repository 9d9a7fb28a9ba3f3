-- How reels are made: a row for each version, never changed; version 0 has none and is what the
-- settings say. A task keeps the version that it was made under. Numbers of fit are those of enum fit
-- (core/reel.h), of logo_kind those of enum logo_kind (store/profile.h).
CREATE TABLE logos (
    id TEXT PRIMARY KEY, -- its bytes are the blob logos/<id>
    bytes INTEGER NOT NULL CHECK (bytes > 0),
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE profiles (
    version INTEGER PRIMARY KEY CHECK (version > 0),
    bumper_us INTEGER NOT NULL,
    longest_us INTEGER NOT NULL,
    fit INTEGER NOT NULL,
    max_width INTEGER NOT NULL,
    max_height INTEGER NOT NULL,
    max_fps INTEGER NOT NULL,
    crf INTEGER NOT NULL,
    preset TEXT NOT NULL,
    logo_kind INTEGER NOT NULL CHECK (logo_kind BETWEEN 0 AND 2),
    logo TEXT REFERENCES logos (id), -- for kind 2, else NULL
    created_ms INTEGER NOT NULL,
    CHECK ((logo_kind = 2) = (logo IS NOT NULL))
) STRICT;
CREATE INDEX profiles_logo ON profiles (logo) WHERE logo IS NOT NULL;
ALTER TABLE tasks ADD COLUMN profile INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 8;
