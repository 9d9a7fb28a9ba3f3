/* blob_impl: what a back end of the blob room is. Room-internal.
 *
 * A back end's own structs begin with struct blob and struct blob_writer. blob.c checks names, then
 * calls the slot; each slot does what the function of its name in blob.h says, and every slot is
 * required. */
#pragma once
#include "blob/blob.h"

struct blob_ops {
    const char *scheme; /* what a URL begins with, up to the colon */
    /* rest: the URL after "<scheme>:". Gives a blob whose base blob.c fills. */
    int (*open)(struct blob **out, const char *rest, int64_t floor_bytes, struct log *log,
                struct err *e);
    void (*close)(struct blob *b);
    /* reserve_bytes >= 0. Gives a writer whose base blob.c fills. */
    int (*begin)(struct blob *b, int64_t reserve_bytes, struct blob_writer **out, struct err *e);
    int (*write)(struct blob_writer *w, const void *data, size_t len_bytes, struct err *e);
    int (*writer_fd)(const struct blob_writer *w);
    int (*commit)(struct blob_writer *w, const char *name, int64_t *size_bytes, struct err *e);
    void (*abort)(struct blob_writer *w);
    int (*read)(struct blob *b, const char *name, int *fd, int64_t *size_bytes, struct err *e);
    int (*remove)(struct blob *b, const char *name, struct err *e);
    int (*list)(struct blob *b,
                int (*each)(void *arg, const char *name, int64_t size_bytes, int64_t age_ms),
                void *arg, struct err *e);
    int (*space)(struct blob *b, int64_t *free_bytes, int64_t *total_bytes, struct err *e);
};
extern const struct blob_ops blob_file_ops;

struct blob {
    const struct blob_ops *ops;
};
struct blob_writer {
    struct blob *blob;
};

/* Whether text[0..len) may be one part of a name. */
bool blob_part_is_well(const char *text, size_t len);
