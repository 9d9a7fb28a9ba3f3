/* Plan: when the storage is remote, moving bytes waits for a network, and no event thread may wait.
 * A second pool moves the bytes while the connection is suspended:
 *   a piece of an upload's body: the library keeps it in its buffer and passes it again after the
 *     connection is resumed; then it counts as read;
 *   a block of a download: the library copies from it until it is used up;
 *   the rest of an interrupted upload: it is freed after the request is over. */
#include "http/server/carry.h"

#include "blob/blob.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"
#include "http/server/pool.h"
#include "http/server/request.h"

enum { CARRIERS = 16, BLOCK_BYTES = 1 << 20 };

/* What is sent of a reader that has no descriptor. */
struct stream {
    struct request *r;
    struct blob_reader *file;
    int64_t from, len;  /* offset and length of the answer in the file */
    int64_t at, wanted; /* offsets in the answer: of the block; of the next wanted byte */
    size_t have;
    bool failed;
    char block[BLOCK_BYTES];
};

static void carry_fetch(struct stream *s)
{
    int64_t left = s->len - s->wanted;
    size_t want = left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES;
    struct err e = {0};
    s->at = s->wanted;
    ssize_t n = blob_pread(s->file, s->block, want, s->from + s->at, &e);
    s->have = n > 0 ? (size_t)n : 0;
    s->failed = s->have < want;
    if (s->failed)
        log_warn(s->r->http->parts.log, "a download breaks off", "request", s->r->id, "why",
                 e.text);
}

static bool carry_run(struct request *r)
{
    int64_t began_ms = clock_mono_ms();
    switch (r->carry) {
    case CARRY_PIECE:
        r->route->body->feed(r, r->piece, r->piece_bytes);
        r->window_ms += clock_mono_ms() - began_ms; /* time spent here is not the client's delay */
        return true;
    case CARRY_BLOCK:
        carry_fetch(r->stream);
        return true;
    case CARRY_END:
        request_free(r);
        break;
    case CARRY_NONE:
        break;
    }
    return false;
}

int carry_start(struct http *h, struct err *e)
{
    return blob_is_far(h->parts.blob) ? pool_start(&h->carriers, CARRIERS, carry_run, e) : 0;
}

/* Suspends the connection and hands it to a carrier; false: the carriers have stopped. */
static bool carry(struct request *r, enum carry what)
{
    r->carry = what;
    MHD_suspend_connection(r->conn);
    if (pool_put(r->http->carriers, r))
        return true;
    MHD_resume_connection(r->conn);
    return false;
}

bool carry_piece(struct request *r, const char *data, size_t len_bytes)
{
    if (r->carry == CARRY_PIECE) { /* it is back */
        r->carry = CARRY_NONE;
        return false;
    }
    if (!r->http->carriers || !r->body || !r->route->body->upload || r->fault.code)
        return false;
    r->piece = data;
    r->piece_bytes = len_bytes;
    if (!carry(r, CARRY_PIECE) && !r->fault.code)
        err_set(&r->fault, ERR_STOPPED, "the server is stopping");
    return true;
}

bool carry_end(struct request *r)
{
    r->carry = CARRY_END;
    return r->http->carriers && r->body && r->route->body->free_cost != QUICK &&
           pool_put(r->http->carriers, r);
}

/* -- downloads -- */

static ssize_t carry_give(void *arg, uint64_t at, char *to, size_t most)
{
    struct stream *s = arg;
    if ((int64_t)at >= s->len)
        return MHD_CONTENT_READER_END_OF_STREAM;
    int64_t in = (int64_t)at - s->at;
    if (in >= 0 && in < (int64_t)s->have) {
        size_t left = s->have - (size_t)in, n = left < most ? left : most;
        memcpy(to, s->block + in, n);
        return (ssize_t)n;
    }
    s->wanted = (int64_t)at;
    if (s->failed || !carry(s->r, CARRY_BLOCK))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return 0;
}

static void stream_free(void *arg)
{
    struct stream *s = arg;
    blob_reader_close(s->file);
    free(s);
}

int carry_answer(struct request *r, struct blob_reader **file, int64_t from, int64_t len,
                 struct err *e)
{
    struct stream *s = mem_new(sizeof(*s));
    *s = (struct stream){.r = r, .file = TAKE(*file), .from = from, .len = len};
    /* Fetch the first block now, while an error can still be answered. */
    if (len && strcmp(r->method, "HEAD") != 0) {
        carry_fetch(s);
        if (s->failed) {
            stream_free(s);
            return err_msg(e, MSG_UNAVAILABLE, "the first bytes cannot be had");
        }
    }
    r->answer =
        MHD_create_response_from_callback((uint64_t)len, BLOCK_BYTES, carry_give, s, stream_free);
    if (!r->answer) {
        stream_free(s);
        return err_set(e, ERR_SYSTEM, "no memory for an answer");
    }
    r->stream = s;
    return 0;
}
