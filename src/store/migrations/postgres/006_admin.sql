-- What admins look at, found without reading everything.
CREATE INDEX tasks_failed ON tasks (id) WHERE state = 3;
CREATE INDEX users_admin ON users (id) WHERE admin = 1;
CREATE INDEX deliveries_dead ON deliveries (id) WHERE state = 2;
