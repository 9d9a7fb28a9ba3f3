/* cli/legacy: what `reelgate migrate` does about the service that Reelgate replaces. Room-internal.
 */
#pragma once

struct cli;
struct err;
struct parts;

struct legacy_sum {
    long users, tasks, failed; /* taken now; failed: of the tasks */
    long notes;                /* lines for a person */
    long left;                 /* old rows that stay, with a note */
};
/* Brings the schema up to date and takes every old row over; *from and *to as store_migrate gives
 * them. Opens what it needs in p, whose store is open. Lines for a person go to standard error. */
int legacy_take_over(const struct cli *c, struct parts *p, int *from, int *to,
                     struct legacy_sum *sum, struct err *e);
