/* cli/legacy: how `reelgate migrate` takes over the data of the service that Reelgate replaces.
 * Room-internal. */
#pragma once

struct cli;
struct err;
struct parts;

struct legacy_sum {
    long users, tasks, failed; /* taken over in this run; failed: those tasks that end up failed */
    long notes;                /* number of lines printed for a person */
    long left;                 /* old rows that stay, each with a note */
};
/* Brings the schema up to date and takes over every old row; *from and *to are as store_migrate
 * sets them. p's store is open; opens the other parts it needs in p. Prints lines for a person on
 * standard error. */
int legacy_take_over(const struct cli *c, struct parts *p, int *from, int *to,
                     struct legacy_sum *sum, struct err *e);
