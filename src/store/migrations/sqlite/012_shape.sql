-- The profile's tolerance: by how many thousandths a picture may miss 16:9. Versions that are there get
-- what programs before this step held to.
ALTER TABLE profiles ADD COLUMN shape_tolerance INTEGER NOT NULL DEFAULT 8;

PRAGMA user_version = 12;
