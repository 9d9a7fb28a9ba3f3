/* queue/inbox: what a broker's thread and the takers share: messages that came, and
 * acknowledgements to send. The thread speaks to the broker; the takers wait here. Room-internal.
 * Thread-safe. */
#pragma once
#include "queue/queue_impl.h"

#include <pthread.h>

enum { INBOX_MAX = 512 };
struct inbox {
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t change;
    struct queue_message here[INBOX_MAX]; /* a ring buffer */
    int first, count;
    uint64_t acks[INBOX_MAX];
    int ack_count;
    uint64_t life; /* number of the connection; a tag of an older connection is void */
    bool stopped, closing;
    int wake_fd; /* eventfd: there is an acknowledgement to send, or the inbox closes */
};
int inbox_init(struct inbox *in, struct err *e);
void inbox_clear(struct inbox *in);

/* -- the back end's thread -- */
/* Begins a new connection: drops the messages of the old one, since the broker sends them again. */
void inbox_fresh(struct inbox *in);
/* Number of free places. */
int inbox_room(struct inbox *in);
/* tag: the broker's number, below 2^48. */
void inbox_put(struct inbox *in, int64_t task_id, uint64_t tag);
/* Takes the tags to acknowledge and returns their number. */
int inbox_acks(struct inbox *in, uint64_t tags[INBOX_MAX]);
/* Waits until fd is readable, there is an acknowledgement to send, or the inbox closes. */
void inbox_wait(struct inbox *in, int fd, int timeout_ms);
/* Waits for ms, or until the inbox closes. */
void inbox_pause(struct inbox *in, int ms);
bool inbox_closing(struct inbox *in);

/* -- takers: as in queue.h -- */
void inbox_take(struct inbox *in, int64_t timeout_ms, struct queue_message *out, bool *got);
void inbox_ack(struct inbox *in, const struct queue_message *m);
void inbox_stop(struct inbox *in);
/* Tells the broker's thread to end. */
void inbox_close(struct inbox *in);

/* Copies the value of "name=value" in a URL's query (RFC 3986) to out. Returns false when it is
 * missing or too long. */
bool queue_option(const char *query, const char *name, char *out, size_t size);
/* The task id in a message; 0 when the message holds none. */
int64_t queue_task_id(const void *data, size_t len_bytes);
