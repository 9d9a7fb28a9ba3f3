/* blob_impl: the table of operations of a back end of the blob room. Room-internal.
 *
 * A back end's own structs begin with struct blob, struct blob_writer and struct blob_reader.
 * blob.c checks names, then calls the slot. Each slot does what blob.h says of the function with
 * its name; every slot is required. */
#pragma once
#include "blob/blob.h"

/* A name stands for a blob, or for parked bytes: two places with the same names. */
enum blob_place { BLOB_NAMED, BLOB_PARKED };
typedef int blob_each(void *arg, const char *name, int64_t size_bytes, int64_t age_ms);

struct blob_ops {
    const char *scheme; /* the scheme of the URL, up to the colon */
    /* rest: the URL after "<scheme>:". Gives a blob; blob.c fills its base. */
    int (*open)(struct blob **out, const char *rest, int64_t floor_bytes, struct log *log,
                struct err *e);
    void (*close)(struct blob *b);
    /* name: "" or the name for the commit. reserve_bytes >= 0. Gives a writer. The slot fills its
     * fd (required when with_fd is true); blob.c fills the rest. */
    int (*begin)(struct blob *b, const char *name, int64_t reserve_bytes, bool with_fd,
                 struct blob_writer **out, struct err *e);
    int (*resume)(struct blob *b, const char *name, int64_t at_bytes, int64_t reserve_bytes,
                  struct blob_writer **out, struct err *e);
    int (*write)(struct blob_writer *w, const void *data, size_t len_bytes, struct err *e);
    int (*commit)(struct blob_writer *w, const char *name, int64_t *size_bytes, struct err *e);
    int (*park)(struct blob_writer *w, const char *name, int64_t *size_bytes, struct err *e);
    void (*abort)(struct blob_writer *w);
    /* Gives a reader. The slot fills all but `blob`. */
    int (*read)(struct blob *b, enum blob_place place, const char *name, struct blob_reader **out,
                struct err *e);
    ssize_t (*pread)(struct blob_reader *r, void *data, size_t len_bytes, int64_t at_bytes,
                     struct err *e);
    void (*reader_close)(struct blob_reader *r);
    int (*remove)(struct blob *b, enum blob_place place, const char *name, struct err *e);
    int (*list)(struct blob *b, enum blob_place place, blob_each *each, void *arg, struct err *e);
    int (*space)(struct blob *b, int64_t *free_bytes, int64_t *total_bytes, struct err *e);
    int (*sweep)(struct blob *b, int64_t age_ms, int *removed, struct err *e);
    int (*link)(struct blob *b, const char *name, const struct blob_link *how, struct buf *url,
                struct err *e);
};
extern const struct blob_ops blob_file_ops;

struct blob {
    const struct blob_ops *ops;
    char *scratch;
    bool far; /* the back end sets it, and links_at: origin of its links, "": none */
    char links_at[512];
};
struct blob_writer {
    struct blob *blob;
    int fd;                       /* -1: none */
    bool with_fd;                 /* the caller asked for a descriptor */
    char name[BLOB_NAME_MAX + 1]; /* the name for the commit; "": any */
};
struct blob_reader {
    struct blob *blob;
    int fd; /* -1: none */
    int64_t size_bytes;
};

/* Whether text[0..len) is a valid part of a name. */
bool blob_part_is_well(const char *text, size_t len);
/* Whether it is a valid name. */
bool blob_name_is_well(const char *name);
