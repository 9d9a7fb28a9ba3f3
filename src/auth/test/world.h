/* What the tests of this room share: a real store in a folder of its own, an auth on it with cheap
 * hashes, clocks that can be moved, and a count of the hashes that were checked. */
#pragma once
#include "core/test/test.h"

#include "auth/auth_impl.h"
#include "core/err.h"
#include "store/store.h"

#include <stdatomic.h>

struct world {
    char dir[64], secret[128];
    struct store *store;
    struct auth *auth;
    struct arena *a;
    struct auth_conf conf;
};
/* Added to both clocks. */
extern int64_t clock_ahead_ms;
extern atomic_int hashes_checked;

int world_set_up(void **state);
int world_tear_down(void **state);
/* Closes auth and opens it with w->conf. */
void world_reopen(struct world *w);
void sign_up(struct world *w, const char *name, const char *password);
/* The message of the refusal, MSG_OK when there was none. */
enum msg log_in(struct world *w, const char *name, const char *password, const char *address);

#define OK(call)                                                                                   \
    do {                                                                                           \
        struct err *e = &(struct err){0};                                                          \
        if ((call) != 0)                                                                           \
            fail_msg("%s: %s", #call, e->text);                                                    \
    } while (0)
#define FAILS(msg_, call)                                                                          \
    do {                                                                                           \
        struct err *e = &(struct err){0};                                                          \
        if ((call) == 0)                                                                           \
            fail_msg("%s: did not fail", #call);                                                   \
        if (e->msg != (msg_) || e->code != msg_code(msg_))                                         \
            fail_msg("%s: %s, %s: %s", #call, err_code_name(e->code), msg_slug(e->msg), e->text);  \
    } while (0)
