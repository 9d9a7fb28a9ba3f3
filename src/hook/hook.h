/* hook: webhooks. Sends the events of tasks to receivers, by Standard Webhooks: signed, at least
 * once, with an id that stays the same at every attempt. A thread takes due deliveries from the
 * store and sends them. The whole state of a delivery is in the store, so any process may be killed
 * at any time, and any number of servers may send.
 *
 * hook/address.h says which addresses are allowed. libcurl is in a module that the first delivery
 * loads. */
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
    int64_t retry_ms; /* wait before the second attempt; each later wait is three times as long, at
                         most a day */
    int attempts;     /* number of attempts; then the delivery is dead */
    bool private_too; /* also send to private addresses */
    int64_t kept_ms;  /* how long ended deliveries are kept */
    struct metrics *metrics; /* NULL: nothing is counted */
    const char *public_url;  /* start of every download link; "": payloads have no links */
};
/* Starts the thread. Borrows all arguments, and the texts of *c, until hooks_stop. */
int hooks_start(struct hooks **out, struct store *s, struct auth *a, const struct hook_conf *c,
                struct log *l, struct err *e);
/* Stops at once. A delivery under way is sent again when its lease expires. Frees h. */
void hooks_stop(struct hooks *h);

/* Checks the URL of a hook: http or https, a host, no user, at most 2000 bytes, no literal private
 * address unless private_too. MSG_HOOK_URL_BAD. */
int hook_url_check(const char *url, bool private_too, struct err *e);

enum { HOOK_SECRET_SIZE = 64 };
/* Makes a new secret: "whsec_" and 256 random bits in base64. */
void hook_secret_make(char out[HOOK_SECRET_SIZE]);

/* The name of a kind of delivery (store/hook.h): "task.uploaded" and the like. */
const char *hook_event_name(int kind);
/* The kind of event with this name; -1: there is none that a hook may choose. */
int hook_event_kind(const char *name);
/* The kinds of a hook that names none: all but progress. */
unsigned hook_usual_kinds(void);
