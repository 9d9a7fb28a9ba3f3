/* media/clip/transport: reads packets of an MPEG transport stream (ISO/IEC 13818-1, 2.4.3.2) before
 * any demuxer does. Room-internal. */
#pragma once
#include "media/clip/boxes.h"

#include <stdbool.h>

/* Returns whether most of the first packets with a payload are scrambled, which no reel can be made
 * from: the file has no key. Returns false when they cannot be read. */
bool transport_scrambled(const struct media_clip *clip);
