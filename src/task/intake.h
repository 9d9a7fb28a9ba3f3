/* task/intake: what every way in for a clip does with its bytes, whether they come in one body, in
 * pieces, or from the service that is replaced: count them, hash them (BLAKE2b, 256 bits), look at
 * the first of them, and see that there is room. Room-internal. One thread an intake. */
#pragma once
#include "core/message.h"

#include <stdint.h>
#include <stdlib.h>

struct err;
struct tasks;

enum {
    INTAKE_HASH_SIZE = 65,      /* in hexadecimal digits, with the end */
    INTAKE_READ_BYTES = 1 << 20 /* at a time, where bytes are read again */
};

struct intake_sum {
    int64_t bytes;
    char hash[INTAKE_HASH_SIZE];
    enum msg fault; /* MSG_OK: by its first bytes it may be a clip; else what it is instead */
};

struct intake;
struct intake *intake_new(void);
void intake_free(struct intake *in);
void intake_freep(struct intake **in);
/* The next bytes. Returns the fault as soon as enough has come to tell, in the call that brings it;
 * MSG_OK else. */
enum msg intake_take(struct intake *in, const void *data, size_t len_bytes);
int64_t intake_bytes(const struct intake *in);
/* Whether what came of a clip that ended is one, however short. */
enum msg intake_fault(const struct intake *in);
/* Of all that came; nothing may come afterwards. */
void intake_end(struct intake *in, struct intake_sum *out);

/* Whether the storage has room for so many bytes: MSG_DISK_FULL, or what the storage says. */
int intake_room(struct tasks *t, int64_t bytes, struct err *e);
/* How much of so many announced bytes is set aside before they come. Only a part: announcing costs
 * nothing, and who announces much and sends nothing must not take the room of all others. */
int64_t intake_aside(int64_t bytes);
