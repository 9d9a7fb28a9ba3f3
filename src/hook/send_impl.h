/* send_impl: the HTTP client of this room, in a module of its own (core/engine.h). Room-internal.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct err;
struct sender;

struct message {
    const char *url, *id, *signatures, *body; /* borrowed until start returns */
    int64_t seconds;
};
struct sent {
    void *tag;
    int status;      /* of the answer; 0: there was no answer */
    char error[120]; /* why there was no answer */
};
struct send_ops {
    int (*open)(struct sender **out, int64_t timeout_ms, bool private_too, struct err *e);
    void (*close)(struct sender *s); /* cancels the messages under way; NULL is allowed */
    /* Starts to send; never blocks. */
    int (*start)(struct sender *s, const struct message *m, void *tag, struct err *e);
    /* Returns true when a message has ended, with its result in *out; false when none ended within
     * timeout_ms. */
    bool (*next)(struct sender *s, int64_t timeout_ms, struct sent *out);
};
extern const struct send_ops hook_send_ops; /* in the module */
