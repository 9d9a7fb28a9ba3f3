/* queue/inbox: what a broker's back end keeps between its own thread, which speaks to the broker,
 * and the takers: messages that came, and acknowledgements that are to go. Room-internal.
 * Thread-safe. */
#pragma once
#include "queue/queue_impl.h"

#include <pthread.h>

enum { INBOX_MAX = 512 };
struct inbox {
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t change;
    struct queue_message here[INBOX_MAX]; /* a ring */
    int first, count;
    uint64_t acks[INBOX_MAX];
    int ack_count;
    uint64_t life; /* of the connection: tags of an older one mean nothing any more */
    bool stopped, closing;
    int wake_fd; /* eventfd: an acknowledgement is to go, or the end has come */
};
int inbox_init(struct inbox *in, struct err *e);
void inbox_clear(struct inbox *in);

/* -- the back end's thread -- */
/* A new connection: what is held of the old one comes again, so it is forgotten. */
void inbox_fresh(struct inbox *in);
/* How many more it takes. */
int inbox_room(struct inbox *in);
/* tag: the broker's number, below 2^48. */
void inbox_put(struct inbox *in, int64_t task_id, uint64_t tag);
/* Takes the tags that are to be acknowledged; how many. */
int inbox_acks(struct inbox *in, uint64_t tags[INBOX_MAX]);
/* Waits for something to do: fd readable, an acknowledgement, the end. */
void inbox_wait(struct inbox *in, int fd, int timeout_ms);
/* Waits, but not beyond the end. */
void inbox_pause(struct inbox *in, int ms);
bool inbox_closing(struct inbox *in);

/* -- takers: as in queue.h -- */
void inbox_take(struct inbox *in, int64_t timeout_ms, struct queue_message *out, bool *got);
void inbox_ack(struct inbox *in, const struct queue_message *m);
void inbox_stop(struct inbox *in);
/* The queue closes: the back end's thread is to end. */
void inbox_close(struct inbox *in);

/* "name=value" of a URL's query (RFC 3986), into out; false: it is not there, or too long. */
bool queue_option(const char *query, const char *name, char *out, size_t size);
/* A task's number as a message has it; 0 when it is none. */
int64_t queue_task_id(const void *data, size_t len_bytes);
