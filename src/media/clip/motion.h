/* media/clip/motion: the film inside a motion photo. Room-internal. */
#pragma once
#include "media/clip/boxes.h"

/* Finds the film that a phone wrote into a JPEG or HEIF file, by the file's XMP (MicroVideo,
 * Container), by Samsung's trailer, or in its own box. Sets *at and *len. false: there is none. */
bool motion_film(const struct media_clip *clip, int64_t bytes, int64_t *at, int64_t *len);
