/* send_impl: the half that speaks HTTP, in a module of its own (core/engine.h). Room-internal. */
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
    int status;      /* of the answer, 0: none came */
    char error[120]; /* why none came */
};
struct send_ops {
    int (*open)(struct sender **out, int64_t timeout_ms, bool private_too, struct err *e);
    void (*close)(struct sender *s); /* ends what is under way; NULL is fine */
    /* Begins to send; never waits. */
    int (*start)(struct sender *s, const struct message *m, void *tag, struct err *e);
    /* true: *out is one that has ended. false: none within timeout_ms. */
    bool (*next)(struct sender *s, int64_t timeout_ms, struct sent *out);
};
extern const struct send_ops hook_send_ops; /* in the module */
