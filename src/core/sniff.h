/* core/sniff: tells the kind of a file from its first bytes alone, never from its name. Pure,
 * thread-safe. The server checks uploads with it and the media child checks clips, so both give the
 * same answer; the child then looks further. */
#pragma once
#include "core/message.h"

#include <stddef.h>
#include <stdint.h>

/* The number of first bytes that decide. A shorter file is judged by all its bytes. */
enum { SNIFF_WINDOW = 4096 };
enum sniff {
    SNIFF_CLIP,    /* a video container, or a bare video stream */
    SNIFF_ISO,     /* a video container of the mp4 family */
    SNIFF_PICTURE, /* an image format that can hold moving pictures or a video; the rest of the file
                      decides */
    SNIFF_IMAGE,   /* a still image */
    SNIFF_WEBP,    /* an animated WebP, which libav cannot decode */
    SNIFF_SOUND,   /* sound without video */
    SNIFF_PLAYLIST, /* a text that names other files */
    SNIFF_OTHER,
};
enum sniff sniff(const uint8_t *head, size_t len_bytes);
/* Returns media types ("image/gif") and endings (".mp4") for a file chooser, then NULL. They are a
 * hint for people; the bytes decide. Photos with a video behind them are accepted but not listed,
 * since most photos are still. Static. */
const char *const *sniff_offers(void);
/* Why a file of this kind is not a clip; MSG_OK when it may be one. */
enum msg sniff_fault(enum sniff s);
