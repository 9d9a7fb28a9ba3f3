/* s3_impl: what the files of the S3 back end share. Room-internal.
 *
 *   s3.c         open, close, remove, list, the sweep, and the table of slots
 *   s3_url.c     the storage's URL, an object's URL, signed links
 *   s3_http.c    one request, with retries; several requests at once
 *   s3_xml.c     reading XML answers
 *   s3_list.c    lists of objects, and the keys in them
 *   s3_pieces.c  pieces: the objects of parked bytes
 *   s3_reader.c  ranged reads
 *   s3_writer.c  writers: parts of a multipart upload, or pieces */
#pragma once
#include "blob/blob_impl.h"
#include "core/id.h"
#include "core/str.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    /* The least size that S3 accepts for a part, except the last. A writer buffers this much, no
     * more. */
    S3_PART_BYTES = 5 << 20,
    S3_PARTS_MAX = 10000,
    /* An answer with 1,000 rows; a key has up to 1,024 bytes, and an escaped byte takes three. */
    S3_LIST_BYTES = 4 << 20,
    S3_KEY_SIZE = 400,           /* a key of Reelgate */
    S3_KEY_TEXT_SIZE = 3072 + 1, /* any key, escaped */
    S3_QUERY_MAX = 16 << 10,
    S3_ETAG_SIZE = 80,
    S3_IDLE_MAX = 16, /* idle connections that are kept */
    S3_AT_ONCE = 8,   /* parallel requests of one operation */
};
/* Prefixes of private objects; blob names cannot begin with a dot. An object below S3_PARKED lists
 * the pieces of its parked bytes. */
#define S3_PARKED ".parked/"
#define S3_PIECES ".pieces/"

struct s3_blob {
    struct blob base;
    struct log *log;
    char bucket[128], prefix[256], region[64]; /* the prefix ends in '/' or is "" */
    char access[160], secret[160], *token;     /* token: NULL when there is none */
    char at[512], public_at[512]; /* URLs of the bucket: for our requests, and for links */
    char user_password[336];
    bool hash_bodies; /* sign the body too, because there is no TLS */
    int64_t floor_bytes;
    int page_keys;             /* keys per page of a list */
    atomic_bool no_conditions; /* the server does not support If-None-Match */
    pthread_mutex_t lock;      /* guards the rest */
    CURL *idle[S3_IDLE_MAX];
    int idle_count;
    int64_t reserved_bytes;
};

/* -- s3_url.c -- */
int s3_url_read(struct s3_blob *s, const char *rest, struct err *e);
/* Writes the key of a name below the prefix. place: "", S3_PARKED or S3_PIECES. */
void s3_key(const struct s3_blob *s, char out[S3_KEY_SIZE], const char *place, const char *name);
/* Whether a key or prefix needs no escapes, in a URL and in signed text. */
bool s3_key_is_plain(const char *key);
int s3_link(struct blob *b, const char *name, const struct blob_link *how, struct buf *url,
            struct err *e);

/* -- s3_http.c -- */
struct s3_request {
    const char *method;
    const char *key;        /* NULL: the bucket itself */
    const char *query;      /* sorted and escaped as for the signature; NULL: none */
    const char *headers[4]; /* up to the first NULL */
    const void *body;
    size_t body_bytes;
    bool once;              /* no retry */
    bool joins;             /* the server works long before it answers */
    bool missing_is_fine;   /* 404 counts as success */
    int64_t from, len;      /* a byte range; len 0: everything */
    void *into;             /* buffer for the body of the answer, of into_bytes */
    size_t into_bytes, got; /* got: bytes of the body that came */
    /* the answer */
    long status;
    int tries;
    int64_t length, date_ms; /* from the headers; date_ms: the server's clock, 0: unknown */
    char etag[S3_ETAG_SIZE], writer[ID_SIZE], code[64];
};
/* Sends the request. Returns 0 for status 2xx, or for 404 when missing_is_fine. ERR_BUSY: the
 * server cannot be reached or fails; ERR_MISSING: 404; ERR_CONFLICT: 409 and 412; otherwise
 * ERR_SYSTEM. */
int s3_do(struct s3_blob *s, struct s3_request *q, struct err *e);
/* Calls run(arg, i) for each i below count, several at once. The first failure ends it. */
int s3_each(int (*run)(void *arg, int i, struct err *e), void *arg, int count, struct err *e);
void s3_http_close(struct s3_blob *s);

/* -- s3_xml.c -- */
/* A wanted element. Its text goes to out[size]: "" when the element is absent or its text does not
 * fit. */
struct s3_field {
    const char *name;
    char *out;
    size_t size;
};
/* Returns 0 to continue, 1 to stop, -1 with *e. */
typedef int s3_xml_each(void *arg, struct err *e);
/* Reads the children of the root element. ERR_SYSTEM: the XML is incomplete, malformed, too deep,
 * or has a document type; the fields then hold what was read before the fault. */
int s3_xml_fields(struct str xml, const struct s3_field *fields, int count, struct err *e);
/* Reads the children of each element `row` below the root, then calls each(). Returns 0 at the end
 * of the answer, 1 when each() stopped, -1 with *e. */
int s3_xml_rows(struct str xml, const char *row, const struct s3_field *fields, int count,
                s3_xml_each *each, void *arg, struct err *e);
/* The time "2026-11-25T07:07:36.000Z" in milliseconds; -1 when the text is not a time. */
int64_t s3_xml_time(const char *text);

/* -- s3_list.c -- */
/* Decodes in place a key that encoding-type=url escaped; does nothing when !escaped. Returns -1
 * when the key has a NUL. */
int s3_key_decode(char *key, bool escaped);
/* Lists the objects below a place, page by page. each() gets the name without prefix and place. */
int s3_list_each(struct s3_blob *s, const char *place, blob_each *each, void *arg, struct err *e);

/* -- s3_pieces.c: bytes as objects of S3_PART_BYTES each (the last may have fewer) below an id --
 */
/* Piece number n of the id. */
int s3_piece_put(struct s3_blob *s, const char *id, int n, const void *data, size_t len,
                 struct err *e);
int s3_piece_get(struct s3_blob *s, const char *id, int64_t at, void *data, size_t len,
                 struct err *e);
/* Removes all pieces of an id. */
int s3_pieces_remove(struct s3_blob *s, const char *id, struct err *e);
/* Gives the id and size of the bytes that are parked as name; ERR_MISSING. */
int s3_parked_get(struct s3_blob *s, const char *name, char id[ID_SIZE], int64_t *size_bytes,
                  struct err *e);
/* fresh: ERR_CONFLICT when other bytes are parked under this name. */
int s3_parked_put(struct s3_blob *s, const char *name, const char *id, int64_t size_bytes,
                  bool fresh, struct err *e);
int s3_parked_remove(struct s3_blob *s, const char *name, struct err *e);
int s3_parked_list(struct s3_blob *s, blob_each *each, void *arg, struct err *e);
/* Removes pieces that belong to no parked bytes and are older than age_ms. */
int s3_pieces_sweep(struct s3_blob *s, int64_t age_ms, int *removed, struct err *e);

/* -- s3_reader.c -- */
int s3_read(struct blob *b, enum blob_place place, const char *name, struct blob_reader **out,
            struct err *e);
ssize_t s3_pread(struct blob_reader *r, void *data, size_t len_bytes, int64_t at_bytes,
                 struct err *e);
void s3_reader_close(struct blob_reader *r);
/* Gives an object's size and the id of its writer (writer may be NULL); ERR_MISSING. */
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
