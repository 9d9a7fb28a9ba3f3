/* task/sniff: can these first bytes be a clip? By content alone, never by a file's name. Room-
 * internal, pure. The media child looks far closer later; this only keeps what is plainly something
 * else from being stored and queued. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* So many first bytes decide; less when the file is shorter. */
enum { SNIFF_WINDOW = 4096 };
enum sniff { SNIFF_CLIP, SNIFF_PLAYLIST, SNIFF_OTHER };
enum sniff task_sniff(const uint8_t *head, size_t len_bytes);
