/* cli/doctor: what the checks of `reelgate doctor` share. Room-internal. */
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
    bool has_data, has_queue; /* a data folder that can be used; a queue that can be opened */
};
/* All is well with `what`; the text says what was seen. */
void doctor_well(struct doctor *d, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Something is wrong: the sentence of it, the sentence of what to do, and what was seen. */
void doctor_wrong(struct doctor *d, enum grade g, const char *what, enum msg m, enum msg todo,
                  const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* doctor_machine.c */
void doctor_jail(struct doctor *d);
void doctor_cache(struct doctor *d);
/* name: of the setting; at: its value */
void doctor_port(struct doctor *d, const char *name, const char *at);
void doctor_limits(struct doctor *d);
void doctor_modules(struct doctor *d);
/* Against the database's clock, when one is open, and the times of our own files. */
void doctor_clock(struct doctor *d);
