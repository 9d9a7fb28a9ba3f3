/* task/intake: the checks that every clip passes, whether it comes in one body, in pieces, or from
 * the service that Reelgate replaces: counts the bytes, hashes them (BLAKE2b, 256 bits), identifies
 * the file by its first bytes, and checks free space. Room-internal. One thread per intake. */
#pragma once
#include "core/message.h"

#include <stdint.h>
#include <stdlib.h>

struct err;
struct tasks;

enum {
    INTAKE_HASH_SIZE = 65,      /* hexadecimal digits and the NUL */
    INTAKE_READ_BYTES = 1 << 20 /* block size when stored bytes are read again */
};

struct intake_sum {
    int64_t bytes;
    char hash[INTAKE_HASH_SIZE];
    enum msg fault; /* MSG_OK: the first bytes may begin a clip; otherwise why they cannot */
};

struct intake;
struct intake *intake_new(void);
void intake_free(struct intake *in);
void intake_freep(struct intake **in);
/* Takes the next bytes. Returns the fault in the call whose bytes show it; otherwise MSG_OK. */
enum msg intake_take(struct intake *in, const void *data, size_t len_bytes);
int64_t intake_bytes(const struct intake *in);
/* Whether the bytes of a complete file can be a clip, however short the file is. Returns the fault
 * or MSG_OK. */
enum msg intake_fault(const struct intake *in);
/* Gives the sum of all bytes. intake_take may not be called afterwards. */
void intake_end(struct intake *in, struct intake_sum *out);

/* Checks that the storage has free space for `bytes`: MSG_DISK_FULL, or the storage's own error. */
int intake_room(struct tasks *t, int64_t bytes, struct err *e);
/* Returns how many of the announced bytes to reserve before they come. This is only a part:
 * announcing costs nothing, and a client that announces much and sends nothing must not take the
 * free space of all others. */
int64_t intake_aside(int64_t bytes);
