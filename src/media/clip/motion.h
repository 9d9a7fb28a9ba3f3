/* media/clip/motion: the film inside a motion photo. Room-internal. */
#pragma once
#include "media/clip/boxes.h"

/* A JPEG or HEIF file that phones write a film into: where it lies, by the file's XMP (MicroVideo,
 * Container), by Samsung's trailer or in a box of its own. false: there is none. */
bool motion_film(const struct media_clip *clip, int64_t bytes, int64_t *at, int64_t *len);
