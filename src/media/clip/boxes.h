/* media/clip/boxes: reads the bytes of a clip, and the boxes of an mp4-family clip, before libav
 * sees any of them. Room-internal. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/* The bytes of a clip. All are in the file fd, or fetch brings them there before they are read. */
struct media_clip {
    int fd; /* borrowed */
    int (*fetch)(void *arg, int64_t offset, int64_t len,
                 struct err *e); /* NULL: all bytes are in fd */
    void *arg;
    int64_t base; /* offset of the clip in the file: not 0 when it follows a still picture */
};
/* Like pread, but adds the base and retries after EINTR. */
ssize_t media_clip_read(const struct media_clip *c, void *data, size_t size, int64_t at);

/* The top-level boxes of an mp4-family file. */
struct media_boxes {
    bool index, data, fragments; /* the file has a moov; an mdat; a moof */
    bool index_first;            /* the moov lies before the first mdat */
    bool cut;                    /* a box claims to end after the end of the file */
    int descriptions;            /* largest number of sample descriptions of a picture track */
    bool encrypted;              /* a picture track says that it is encrypted */
    char brand[5];               /* major brand; "" when there is none */
};
/* Walks at most some hundred boxes by their sizes. Never fails: a file of another family gives
 * zeros. */
void media_boxes(const struct media_clip *clip, int64_t bytes, struct media_boxes *out);
