/* media/clip/sniff: what a file is by its first bytes, before libav sees one of them.
 * Room-internal, pure but for media_boxes, which reads the clip. */
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
};
/* As pread, but for EINTR. */
ssize_t media_clip_read(const struct media_clip *c, void *data, size_t size, int64_t at);

/* How much of the head is looked at. */
enum { SNIFF_HEAD = 4096 };
enum sniff { SNIFF_OTHER, SNIFF_IMAGE, SNIFF_PLAYLIST, SNIFF_ISO };
/* Pictures (JPEG, PNG, GIF, WebP, HEIF, ...) and lists that name other files (m3u8, ffconcat, sdp,
 * mpd, ...) are told by their signatures; SNIFF_ISO is the mp4 family. */
enum sniff media_sniff(const uint8_t *head, size_t len_bytes);

/* The top-level boxes of a file of the mp4 family. */
struct media_boxes {
    bool index, data, fragments; /* there is a moov, an mdat, a moof */
    bool index_first;            /* the moov lies before the first mdat */
    bool cut;                    /* a box says that it goes on after the file's end */
    int descriptions;            /* the most sample descriptions that a track of pictures has */
    char brand[5];               /* major brand, "" when there is none */
};
/* Walks at most some hundred boxes by their sizes; never fails, a file that is none gives zeros. */
void media_boxes(const struct media_clip *clip, int64_t bytes, struct media_boxes *out);
