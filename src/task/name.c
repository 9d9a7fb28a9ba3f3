#include "task/name.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"

/* An ending longer than this is no ending. */
enum { ENDING_MAX = 16 };

/* The ending with its dot, or "" when there is none worth keeping. */
static const char *ending_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name && strlen(dot) <= ENDING_MAX ? dot : "";
}

int task_file_name(struct arena *a, const char *sent, const char **out, struct err *e)
{
    const char *name = sent;
    for (const char *p = sent; *p; p++)
        if (*p == '/' || *p == '\\')
            name = p + 1;
    if (!str_utf8_clean(str_of(name)))
        return err_wrong(e, MSG_FILENAME_BAD, "filename", "UTF-8, no control characters");
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        name = "clip";
    char text[FILE_NAME_MAX + 1];
    const char *ending = strlen(name) > FILE_NAME_MAX ? ending_of(name) : "";
    str_copy(text, sizeof(text) - strlen(ending), name);
    size_t n = strlen(text);
    str_copy(text + n, sizeof(text) - n, ending);
    *out = arena_strdup(a, text);
    return 0;
}

void task_blob_name(char out[BLOB_NAME_MAX + 1], const char *folder, int64_t unix_ms,
                    const char id[ID_SIZE], const char *ending)
{
    int y, m, d;
    clock_date(unix_ms, &y, &m, &d);
    snprintf(out, BLOB_NAME_MAX + 1, "%s/%04d/%02d/%02d/%s%s", folder, y, m, d, id, ending);
}
