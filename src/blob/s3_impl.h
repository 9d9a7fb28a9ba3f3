/* s3_impl: what the files of the S3 back end share. Room-internal.
 *
 *   s3.c         open, close, remove, list, the sweep, and the table of slots
 *   s3_url.c     the storage's URL, an object's URL, signed links
 *   s3_http.c    one request, with retries; several at once
 *   s3_xml.c     the little of XML that answers need
 *   s3_pieces.c  pieces: objects that hold what is parked
 *   s3_reader.c  ranges
 *   s3_writer.c  writers: parts of a multipart upload, or pieces */
#pragma once
#include "blob/blob_impl.h"
#include "core/id.h"
#include "core/str.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    /* What S3 takes as a part that is not the last. A writer holds so much, and no more. */
    S3_PART_BYTES = 5 << 20,
    S3_PARTS_MAX = 10000,
    S3_LIST_BYTES = 2 << 20, /* an answer of 1,000 names */
    S3_KEY_SIZE = 400,
    S3_ETAG_SIZE = 80,
    S3_IDLE_MAX = 16, /* connections kept for the next request */
    S3_AT_ONCE = 8,   /* requests side by side, where there are many to make */
};
/* Names of the private places; the dot keeps them out of the blobs' names. A parked name is an
 * object here that says which pieces it has. */
#define S3_PARKED ".parked/"
#define S3_PIECES ".pieces/"

struct s3_blob {
    struct blob base;
    struct log *log;
    char bucket[128], prefix[256], region[64]; /* the prefix ends in '/' or is "" */
    char access[160], secret[160], *token;     /* token: NULL when there is none */
    char at[512], public_at[512];              /* URLs of the bucket: ours, and for links */
    char user_password[336];
    bool hash_bodies; /* without TLS the signature has to hold for the body too */
    int64_t floor_bytes;
    int page_keys;             /* of a list */
    atomic_bool no_conditions; /* the server knows no If-None-Match */
    pthread_mutex_t lock;      /* guards the rest */
    CURL *idle[S3_IDLE_MAX];
    int idle_count;
    int64_t reserved_bytes;
};

/* -- s3_url.c -- */
int s3_url_read(struct s3_blob *s, const char *rest, struct err *e);
/* The key of a name below the prefix; place "" or one of the above. */
void s3_key(const struct s3_blob *s, char out[S3_KEY_SIZE], const char *place, const char *name);
/* Whether a key or prefix needs no escapes, neither in a URL nor in what is signed. */
bool s3_key_is_plain(const char *key);
int s3_link(struct blob *b, const char *name, const struct blob_link *how, struct buf *url,
            struct err *e);

/* -- s3_http.c -- */
struct s3_request {
    const char *method;
    const char *key;        /* NULL: the bucket itself */
    const char *query;      /* sorted and escaped as it is signed; NULL: none */
    const char *headers[4]; /* up to the first NULL */
    const void *body;
    size_t body_bytes;
    bool once;              /* no second try */
    bool joins;             /* the server has much to do before it answers */
    bool missing_is_fine;   /* 404 is as good as an answer */
    int64_t from, len;      /* of a range; len 0: all of it */
    void *into;             /* where the body of the answer goes: into_bytes or fewer */
    size_t into_bytes, got; /* got: of it, how many came */
    /* what came */
    long status;
    int tries;
    int64_t length, date_ms; /* as its head says; date_ms: by the server's clock, 0: not said */
    char etag[S3_ETAG_SIZE], writer[ID_SIZE], code[64];
};
/* Does it: 0 with a status of 2xx (or 404, where that is fine). ERR_BUSY: it cannot be reached or
 * is not well; ERR_MISSING 404, ERR_CONFLICT 409 and 412, ERR_SYSTEM else. */
int s3_do(struct s3_blob *s, struct s3_request *q, struct err *e);
/* run(arg, i) for each i below count, some of them at once; the first failure ends it. */
int s3_each(int (*run)(void *arg, int i, struct err *e), void *arg, int count, struct err *e);
void s3_http_close(struct s3_blob *s);

/* -- s3_xml.c -- */
/* The text of the next <tag> from *at on, which moves behind it; false: there is none. */
bool s3_xml_next(struct str *at, const char *tag, struct str *out);
/* Its text without escapes in out; false when it is too long or broken. */
bool s3_xml_text(struct str text, char *out, size_t size);
/* "2026-11-25T07:07:36.000Z"; -1 when it is none. */
int64_t s3_xml_time(struct str text);
/* Objects below the place, page by page. name: behind prefix and place. */
int s3_xml_list(struct s3_blob *s, const char *place, blob_each *each, void *arg, struct err *e);

/* -- s3_pieces.c: bytes as objects of S3_PART_BYTES each (the last may have fewer) below an id --
 */
/* Piece n of the id. */
int s3_piece_put(struct s3_blob *s, const char *id, int n, const void *data, size_t len,
                 struct err *e);
int s3_piece_get(struct s3_blob *s, const char *id, int64_t at, void *data, size_t len,
                 struct err *e);
/* Removes all pieces of the id. */
int s3_pieces_remove(struct s3_blob *s, const char *id, struct err *e);
/* What is parked as name: its id and size; ERR_MISSING. */
int s3_parked_get(struct s3_blob *s, const char *name, char id[ID_SIZE], int64_t *size_bytes,
                  struct err *e);
/* fresh: ERR_CONFLICT when something is parked there. */
int s3_parked_put(struct s3_blob *s, const char *name, const char *id, int64_t size_bytes,
                  bool fresh, struct err *e);
int s3_parked_remove(struct s3_blob *s, const char *name, struct err *e);
int s3_parked_list(struct s3_blob *s, blob_each *each, void *arg, struct err *e);
/* Pieces that belong to nothing and are older than that. */
int s3_pieces_sweep(struct s3_blob *s, int64_t age_ms, int *removed, struct err *e);

/* -- s3_reader.c -- */
int s3_read(struct blob *b, enum blob_place place, const char *name, struct blob_reader **out,
            struct err *e);
ssize_t s3_pread(struct blob_reader *r, void *data, size_t len_bytes, int64_t at_bytes,
                 struct err *e);
void s3_reader_close(struct blob_reader *r);
/* Size, and who wrote it (writer NULL: of no interest); ERR_MISSING. */
int s3_head(struct s3_blob *s, const char *key, int64_t *size_bytes, char writer[ID_SIZE],
            struct err *e);

/* -- s3_writer.c -- */
int s3_begin(struct blob *b, const char *name, int64_t reserve_bytes, bool with_fd,
             struct blob_writer **out, struct err *e);
int s3_resume(struct blob *b, const char *name, int64_t at_bytes, int64_t reserve_bytes,
              struct blob_writer **out, struct err *e);
int s3_write(struct blob_writer *w, const void *data, size_t len_bytes, struct err *e);
int s3_commit(struct blob_writer *w, const char *name, int64_t *size_bytes, struct err *e);
int s3_park(struct blob_writer *w, const char *name, int64_t *size_bytes, struct err *e);
void s3_abort(struct blob_writer *w);
