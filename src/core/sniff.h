/* core/sniff: what is a file by its first bytes? By content alone, never by a file's name. Pure.
 * The server asks it of an upload and the media child of a clip, so that both give one answer; the
 * child looks far closer then. */
#pragma once
#include "core/message.h"

#include <stddef.h>
#include <stdint.h>

/* So many first bytes decide; less when the file is shorter. */
enum { SNIFF_WINDOW = 4096 };
enum sniff {
    SNIFF_CLIP,     /* a container of films, or a film without one */
    SNIFF_ISO,      /* such of the mp4 family */
    SNIFF_PICTURE,  /* of a kind that may move, or have a film behind it; its end decides */
    SNIFF_IMAGE,    /* stands still */
    SNIFF_WEBP,     /* moves, but no decoder reads it */
    SNIFF_SOUND,    /* alone */
    SNIFF_PLAYLIST, /* names other files */
    SNIFF_OTHER,
};
enum sniff sniff(const uint8_t *head, size_t len_bytes);
/* Media types ("image/gif") and endings (".mp4") to offer where a clip is chosen, and NULL: a hint
 * for people, as bytes decide. Photos that move are taken and not among them, since most stand
 * still. Static. */
const char *const *sniff_offers(void);
/* Why such a file is no clip; MSG_OK: it may be one. */
enum msg sniff_fault(enum sniff s);
