-- The profile's tolerance: by how many thousandths a picture may miss 16:9. Versions that are there get
-- what programs before this step held to.
ALTER TABLE profiles ADD COLUMN shape_tolerance bigint NOT NULL DEFAULT 8;
