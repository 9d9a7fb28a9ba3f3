/* media/clip/transport: what the packets of an MPEG transport stream (ISO/IEC 13818-1, 2.4.3.2) say
 * before any demuxer looks at them. Room-internal. */
#pragma once
#include "media/clip/boxes.h"

#include <stdbool.h>

/* Whether most of the first packets that carry anything are scrambled: no key comes with them.
 * False, too, when they cannot be read. */
bool transport_scrambled(const struct media_clip *clip);
