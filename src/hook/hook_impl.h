/* hook_impl: what the files of this room share. Room-internal.
 *
 *   hook.c     what is due, sent and settled    own.c    what owners do with their hooks
 *   send.c     HTTP, in a module                sign.c   signatures
 *   url.c      which addresses may be told      address.c   which machines may be reached */
#pragma once
#include "hook/hook.h"

#include <pthread.h>
#include <stdatomic.h>

enum { HOOK_PLACES = 128 }; /* deliveries under way */

/* A delivery under way. */
struct flight {
    bool used;
    int64_t id, hook_id, user_id, fence;
    int tries;
};
struct hooks {
    struct store *store;
    struct auth *auth;
    struct hook_conf conf;
    struct log *log;
    pthread_t thread;
    atomic_bool stopping;
    /* the next fields belong to the thread */
    const struct send_ops *ops; /* NULL: not loaded */
    struct sender *sender;
    struct flight flights[HOOK_PLACES];
    int busy;
    bool silent; /* the current failure is logged already */
    int64_t trimmed_ms;
};
