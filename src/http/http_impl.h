/* http: what its files share. Room-internal. */
#pragma once
#include "auth/auth.h"
#include "core/conf.h"
#include "core/err.h"
#include "core/str.h"
#include "http/http.h"
#include "http/server/route.h"
#include "task/task.h"

#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    DRAIN_MAX = 16 << 20, /* of a body that is already refused */
    URI_MAX = 8 * 1024,
    HEADER_LINE_MAX = 8 * 1024,
    REQUEST_ID_MAX = 64,
};

/* One request; belongs to its event thread, or to the pool while it is suspended. */
struct request {
    struct http *http;
    struct MHD_Connection *conn;
    struct arena *arena;
    const struct route *route;
    const char *method, *path, *rest; /* rest: what the pattern's stars matched */
    char id[REQUEST_ID_MAX + 1];      /* ours, or the one that came in X-Request-Id */
    char address[64];
    bool proxied; /* it came through a trusted proxy */
    bool secure;  /* which says that the client speaks TLS */
    enum lang lang;
    struct caller caller;
    int64_t begun_us;
    bool uploads, listens; /* it is counted as an upload, as a stream of events */
    bool admitted, head_again;
    struct guest *guest;  /* its connection in heads.c */
    struct request *next; /* in the pool's line */
    /* the body */
    bool has_body;
    int64_t length_bytes;            /* as declared, -1 when chunked */
    int64_t body_bytes;              /* that came */
    int64_t unread_bytes;            /* of these, after it was refused */
    int64_t window_ms, window_bytes; /* since when its rate is measured, and what came since */
    void *body;                      /* route->body's own; NULL: not begun, or none */
    struct err fault;                /* found in mid-body, said at its end */
    /* what a carrier does for it (carry.c) */
    enum carry { CARRY_NONE, CARRY_PIECE, CARRY_BLOCK, CARRY_END } carry;
    const char *piece; /* of the body, in the library's buffer */
    size_t piece_bytes;
    struct stream *stream; /* the answer's */
    /* the answer */
    struct MHD_Response *answer;
    int status;
    int64_t answer_bytes;
    bool queued;
    int linger_fd; /* a duplicate of the socket of a refused request, or -1 */
};

struct blob_reader;
struct heads;
struct hub;
struct keeper;
struct parting;
struct pool;
struct http {
    struct MHD_Daemon *daemon;
    struct http_parts parts;
    struct conf conf; /* borrowed texts */
    const struct routes *routes;
    struct pool *pool, *carriers; /* carriers: NULL where the bytes lie here */
    struct parting *parting;
    struct heads *heads;
    struct hub *hub;
    struct keeper *keeper;
    atomic_int running;
    atomic_bool stopping;
    bool far; /* store or blobs are in another process: asking them may wait */
    int port;
    bool local; /* only this machine can reach it */
};

/* request.c: what the library calls. */
enum MHD_Result request_access(void *cls, struct MHD_Connection *conn, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *data_bytes, void **con_cls);
void request_connection(void *cls, struct MHD_Connection *conn, void **context,
                        enum MHD_ConnectionNotificationCode code);
void *request_uri(void *cls, const char *uri, struct MHD_Connection *conn);
void request_done(void *cls, struct MHD_Connection *conn, void **con_cls,
                  enum MHD_RequestTerminationCode how);
/* For the pool: the handler, and an answer in any case. */
void request_run(struct request *r);
/* The last of it, when the library has done with it. */
void request_free(struct request *r);
/* A header field as it came; NULL: none. */
const char *request_header(const struct request *r, const char *name);
/* A parameter of the query; NULL: none. As a number: when there is none *out
 * stays; MSG_PARAMETER_BAD. */
const char *request_query(struct request *r, const char *name);
/* The text "q" that something is looked for by; stays NULL where there is none. */
int query_part(struct request *r, const char **out, struct err *e);
int request_number(struct request *r, const char *name, int64_t min, int64_t max, int64_t *out,
                   struct err *e);
/* answer.c: fills r->answer and r->status. answer_json takes the reference. */
/* JSON as text, which came from malloc and is taken; NULL is a 500 without a body. */
void answer_text(struct request *r, int status, char *text);
void answer_json(struct request *r, int status, json_t *body);
/* Takes what the library made. */
void answer_put(struct request *r, int status, struct MHD_Response *answer);
/* No body: 204, 304, 412, 416. */
void answer_empty(struct request *r, int status);
void answer_error(struct request *r, const struct err *e);
void answer_message(struct request *r, int status, enum msg m);
void answer_wait(struct request *r, int seconds);
/* A time of an answer, null for 0. */
json_t *json_time(int64_t unix_ms);
/* Until midnight of UTC, by the store's clock. */
int64_t day_ends_s(const struct request *r);
/* RateLimit-Policy and RateLimit: of `quota` in so many seconds, so many are left; all are again in
 * reset_s. */
struct rate {
    const char *name;
    int64_t quota, window_s, left, reset_s;
};
void answer_rate(struct request *r, const struct rate *rate);
/* Headers that every answer has, and the hand-over to the library. */
enum MHD_Result answer_queue(struct request *r);
void answer_header(struct request *r, const char *name, const char *value);
/* Says why in mid-body, where the library takes no answer, and ends the connection. */
enum MHD_Result answer_cut(struct request *r, const struct err *e);

/* sorry.c: the page that tells a person of an error, from malloc; NULL: the asker is a program.
 * sorry_may: such a page may be the answer, so that caches and proxies tell askers apart. */
#define SORRY_POLICY                                                                               \
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "  \
    "frame-ancestors 'none'"
bool sorry_may(const struct request *r);
char *sorry_page(const struct request *r, const struct err *e, int status);

/* cors.c: hands put() the headers by which a page of another origin may read this answer, and those
 * that a preflight asks for; r->status says whether it is one that can be granted. */
void cors_put(const struct request *r, void (*put)(void *cls, const char *name, const char *value),
              void *cls);

extern const struct routes api_routes;

/* pool.c: threads that may wait. run() is called with each request; true: it is then resumed,
 * false: it is gone. */
int pool_start(struct pool **out, int threads, bool (*run)(struct request *r), struct err *e);
/* false: the pool has stopped and r is still the caller's. */
bool pool_put(struct pool *p, struct request *r);
/* Ends when all that was put is done; nothing is taken any more. */
void pool_stop(struct pool *p);
void pool_free(struct pool *p);

/* carry.c: bytes that lie in another place, by threads that may wait for it. */
int carry_start(struct http *h, struct err *e);
/* A piece of the body: true: it comes again later; false: the caller goes on with it, and what
 * r->carry was says nothing any more. */
bool carry_piece(struct request *r, const char *data, size_t len_bytes);
/* Takes a request that is over and has something to forget; false: it is still the caller's. */
bool carry_end(struct request *r);
/* The answer is a part of what the reader has, which it takes. */
int carry_answer(struct request *r, struct blob_reader **file, int64_t from, int64_t len,
                 struct err *e);
bool carry_run(struct request *r);

/* heads.c: shuts down connections whose request head is not there in time: head_ms after they were
 * opened, or after the first line of a later request; for a later request without a first line
 * idle_ms more. Thread-safe. */
struct guest;
int heads_start(struct heads **out, int64_t head_ms, int64_t idle_ms, struct err *e);
void heads_stop(struct heads *h);
/* A connection on the socket fd, which stays open until heads_leave. */
struct guest *heads_enter(struct heads *h, int fd);
void heads_leave(struct guest *g);
void heads_line(struct guest *g);               /* the first line is there */
void heads_whole(struct guest *g);              /* the head is there */
void heads_body(struct guest *g, bool awaited); /* or it is there, or nobody wants it */
void heads_next(struct guest *g);               /* answered; another request may come */

/* parting.c: reads on what a refused client still sends, so that it sees the answer. Takes fd. */
int parting_start(struct parting **out, struct err *e);
void parting_add(struct parting *l, int fd);
void parting_stop(struct parting *l);

/* kept.c: bodies that are kept in memory: their bytes; and the JSON of one, which the caller frees;
 * NULL with MSG_JSON_BAD when it is no object. */
extern const struct body_ops body_json, body_logo;
struct str body_bytes(const struct request *r);
json_t *body_object(const struct request *r, struct err *e);

/* form.c: the body of an upload, streamed. */
extern const struct body_ops body_form;
enum form_field { FIELD_FIT, FIELD_START, FIELD_TITLE, FORM_FIELDS };
/* A field's text; NULL: not sent. */
const char *form_field(const struct request *r, enum form_field i);
/* What the client calls the file; the Idempotency-Key, NULL: none. */
const char *form_file_name(const struct request *r);
const char *form_key(const struct request *r);
/* The upload, which is the caller's from here. */
struct task_upload *form_take(const struct request *r);

/* fit and start as texts (NULL: not sent) into w; MSG_PARAMETER_BAD. */
int wish_read(const char *fit, const char *start, struct task_wish *w, struct err *e);

/* tus.c: uploads in pieces. */
extern const struct body_ops body_tus;
struct upload_row;
/* MSG_TUS_VERSION. */
int tus_check_version(const struct request *r, struct err *e);
/* The upload's id in the path. */
const char *tus_id(struct request *r);
/* Ends the piece whose bytes have come; *out says how far the upload is. */
int tus_end(struct request *r, struct upload_row *out, struct err *e);

/* tasks.c: a task as GET /api/tasks/<id> tells it, but for its place in the line, which asks the
 * store. */
json_t *task_json(struct request *r, const struct task_row *t);
void task_put_place(struct request *r, const struct task_row *t, json_t *o);

/* list.c: max, order, after and status of the query as a page, and of a list of one's own sort and
 * q; MSG_PARAMETER_BAD. The answer with such a page, whose tasks also have "id". */
int list_read(struct request *r, bool own, struct task_page *p, struct err *e);
void list_full(struct request *r, const struct task_page *page);

/* keys.c: tells the tasks that the caller may still make today, where there is a limit. */
void answer_tasks_left(struct request *r);

/* handlers */
void admin_overview(struct request *r);
void admin_users(struct request *r);
void admin_user_change(struct request *r);
void admin_tasks(struct request *r);
void admin_retry(struct request *r);
void keys_me(struct request *r);
void keys_add(struct request *r);
void keys_list(struct request *r);
void keys_delete(struct request *r);
void page_get(struct request *r);
void people_sign_up(struct request *r);
void people_log_in(struct request *r);
void people_pong(struct request *r);
void people_ping(struct request *r);
void people_health(struct request *r);
void people_ready(struct request *r);
void people_metrics(struct request *r);
void tasks_add(struct request *r);
void tasks_list(struct request *r);
void tasks_get(struct request *r);
void tasks_change(struct request *r);
void tasks_delete(struct request *r);
void tasks_retry(struct request *r);
void uploads_options(struct request *r);
void uploads_create(struct request *r);
void uploads_head(struct request *r);
void uploads_patch(struct request *r);
void uploads_delete(struct request *r);
/* Streams of events, see hub.h. */
void events_all(struct request *r);
void events_task(struct request *r);
void hooks_add(struct request *r);
void hooks_list(struct request *r);
void hooks_get(struct request *r);
void hooks_change(struct request *r);
void hooks_delete(struct request *r);
void hooks_secret(struct request *r);
void hooks_test(struct request *r);
void hooks_deliveries(struct request *r);
void hooks_replay(struct request *r);
void profile_get(struct request *r);
void profile_put(struct request *r);
void profile_preview(struct request *r);
void profile_logo(struct request *r);
void files_reel(struct request *r);
void files_poster(struct request *r);
/* A signed absolute URL of a reel or poster: `kind` is "download" or "poster". */
const char *files_link(struct request *r, const char *kind, const char *public_name);
