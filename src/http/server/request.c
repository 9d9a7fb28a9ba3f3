#include "http/server/request.h"

#include "core/clock.h"
#include "core/id.h"
#include "core/mem.h"
#include "core/str.h"

#include <inttypes.h>

struct request *request_new(struct http *h, struct MHD_Connection *conn)
{
    struct request *r = mem_new(sizeof(*r));
    r->http = h;
    r->conn = conn;
    r->arena = arena_new();
    id_make(r->id);
    r->begun_us = clock_mono_us();
    r->linger_fd = -1;
    return r;
}

void request_drop_body(struct request *r)
{
    if (r->body)
        r->route->body->free(TAKE(r->body));
}

void request_free(struct request *r)
{
    request_drop_body(r);
    arena_free(r->arena);
    free(r);
}

int request_socket(const struct request *r)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

const char *request_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, name);
}

const char *request_query(struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->conn, MHD_GET_ARGUMENT_KIND, name);
}

int request_number(struct request *r, const char *name, int64_t min, int64_t max, int64_t *out,
                   struct err *e)
{
    const char *text;
    size_t len;
    if (MHD_lookup_connection_value_n(r->conn, MHD_GET_ARGUMENT_KIND, name, strlen(name), &text,
                                      &len) != MHD_YES)
        return 0;
    if (text && str_int64((struct str){text, len}, min, max, out))
        return 0;
    return max == INT64_MAX
               ? err_parameter(e, name, "a whole number from %" PRId64, min)
               : err_parameter(e, name, "a whole number from %" PRId64 " to %" PRId64, min, max);
}
