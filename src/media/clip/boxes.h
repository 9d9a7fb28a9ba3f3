/* media/clip/boxes: the bytes of a clip, and its boxes when it is one of the mp4 family, before
 * libav sees one of them. Room-internal. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/* The bytes of a clip: all in the file fd, or brought there by fetch before they are read. */
struct media_clip {
    int fd;                                                              /* borrowed */
    int (*fetch)(void *arg, int64_t offset, int64_t len, struct err *e); /* NULL: all are there */
    void *arg;
    int64_t base; /* where the clip begins in the file: behind a picture, or 0 */
};
/* As pread, but for EINTR and the base. */
ssize_t media_clip_read(const struct media_clip *c, void *data, size_t size, int64_t at);

/* The top-level boxes of a file of the mp4 family. */
struct media_boxes {
    bool index, data, fragments; /* there is a moov, an mdat, a moof */
    bool index_first;            /* the moov lies before the first mdat */
    bool cut;                    /* a box says that it goes on after the file's end */
    int descriptions;            /* the most sample descriptions that a track of pictures has */
    bool encrypted;              /* a track of pictures says that it is */
    char brand[5];               /* major brand, "" when there is none */
};
/* Walks at most some hundred boxes by their sizes; never fails, a file that is none gives zeros. */
void media_boxes(const struct media_clip *clip, int64_t bytes, struct media_boxes *out);
