-- What admins look at, found without reading everything.
CREATE INDEX tasks_failed ON tasks (state) WHERE state = 3;
CREATE INDEX users_admin ON users (admin) WHERE admin = 1;
CREATE INDEX deliveries_dead ON deliveries (state) WHERE state = 2;

PRAGMA user_version = 6;
