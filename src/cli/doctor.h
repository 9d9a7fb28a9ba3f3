/* cli/doctor: declarations that the checks of `reelgate doctor` share. Room-internal. */
#pragma once
#include "cli/parts.h"
#include "core/message.h"

#include <jansson.h>
#include <stdbool.h>

struct cli;

enum grade { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };
struct doctor {
    struct cli *cli;
    struct parts parts;
    enum lang lang;
    json_t *checks;
    int failed, files_wrong;
    bool has_data, has_queue; /* the data folder is usable; the queue can be opened */
};
/* Reports that `what` is well; the text says what the check saw. */
void doctor_well(struct doctor *d, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Reports a fault: m says what is wrong, todo says what to do, and the text says what the check
 * saw. */
void doctor_wrong(struct doctor *d, enum grade g, const char *what, enum msg m, enum msg todo,
                  const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* doctor_machine.c */
void doctor_jail(struct doctor *d);
void doctor_cache(struct doctor *d);
/* name: of the setting; at: its value */
void doctor_port(struct doctor *d, const char *name, const char *at);
void doctor_limits(struct doctor *d);
void doctor_modules(struct doctor *d);
/* Compares our clock with the database's clock, when a database is open, and with our files' times.
 */
void doctor_clock(struct doctor *d);
