/* task/name: names of files as people send them, and names of bytes as we give them. Room-internal.
 */
#pragma once
#include "blob/blob.h"
#include "core/id.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

enum { FILE_NAME_MAX = 255 }; /* bytes */

/* A harmless text out of what a client calls its file: the part after the last slash or backslash,
 * "clip" when nothing is left, cut between characters to FILE_NAME_MAX with its ending kept. It is
 * shown to people and never a path of ours. ERR_INPUT with MSG_FILENAME_BAD: not UTF-8, or control
 * characters. In the arena. */
int task_file_name(struct arena *a, const char *sent, const char **out, struct err *e);

/* "<folder>/yyyy/mm/dd/<id><ending>" */
void task_blob_name(char out[BLOB_NAME_MAX + 1], const char *folder, int64_t unix_ms,
                    const char id[ID_SIZE], const char *ending);
