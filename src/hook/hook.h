/* hook: webhooks. Tells receivers what became of tasks, by Standard Webhooks: signed, at least
 * once, under an id that stays the same however often it is sent. A thread takes what is due from
 * the store and sends it; what is known of a delivery is in the store, so any process may be killed
 * at any time and any number of servers may send.
 *
 * Where it may send: see hook/address.h. libcurl is in a module, loaded at the first delivery. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct auth;
struct err;
struct hooks;
struct log;
struct metrics;
struct store;

struct hook_conf {
    int64_t timeout_ms; /* for one attempt */
    int64_t retry_ms;   /* before the second attempt; three times as long each time, most a day */
    int attempts;       /* then a delivery is dead */
    bool private_too;   /* private addresses are sent to */
    int64_t kept_ms;    /* how long the log of deliveries is kept */
    struct metrics *metrics; /* NULL: nothing is counted */
    const char *public_url;  /* what download links begin with; "": there are none */
};
/* Starts the thread. Borrows all until hooks_stop, c's text too. */
int hooks_start(struct hooks **out, struct store *s, struct auth *a, const struct hook_conf *c,
                struct log *l, struct err *e);
/* Ends at once: what is under way is sent again when its lease is over. Frees h. */
void hooks_stop(struct hooks *h);

/* Whether a hook may have this address: http or https, a host, no user, at most 2000 bytes, and not
 * a number of a private network unless private_too. MSG_HOOK_URL_BAD. */
int hook_url_check(const char *url, bool private_too, struct err *e);

enum { HOOK_SECRET_SIZE = 64 };
/* A new one: "whsec_" and 256 random bits in base64. */
void hook_secret_make(char out[HOOK_SECRET_SIZE]);

/* "task.uploaded" ... of a kind of delivery (store/hook.h). */
const char *hook_event_name(int kind);
/* The kind that a hook may ask for; -1: there is none of this name. */
int hook_event_kind(const char *name);
/* What a hook is told that does not say: all but progress. */
unsigned hook_usual_kinds(void);
