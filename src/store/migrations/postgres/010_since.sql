-- Since when the one that waits longest waits; after a retry that is not the one of the lowest id.
CREATE INDEX tasks_since ON tasks (changed_ms) WHERE state = 0;
