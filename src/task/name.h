/* task/name: cleans file names from clients, and creates names for blobs. Room-internal. */
#pragma once
#include "blob/blob.h"
#include "core/id.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

enum { FILE_NAME_MAX = 255 }; /* bytes */

/* Makes a harmless text of a client's file name: the part after the last slash or backslash, or
 * "clip" when that is empty. Truncates it between characters to FILE_NAME_MAX and keeps the
 * extension. The text is only shown to people, never used as a path. In the arena. ERR_INPUT with
 * MSG_FILENAME_BAD: not UTF-8, or control characters. */
int task_file_name(struct arena *a, const char *sent, const char **out, struct err *e);

/* Writes "<folder>/yyyy/mm/dd/<id><ending>". */
void task_blob_name(char out[BLOB_NAME_MAX + 1], const char *folder, int64_t unix_ms,
                    const char id[ID_SIZE], const char *ending);
