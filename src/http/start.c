/* Plan: check the settings; build the four parts; take them down in another order: streams and the
 * pools first, because they hold connections; then the daemon; then what the daemon's last
 * connections still use. */
#include "auth/auth.h"
#include "blob/blob.h"
#include "core/fd.h"
#include "core/mem.h"
#include "http/api/api.h"
#include "http/body/pieces.h"
#include "http/events/hub.h"
#include "http/http.h"
#include "http/server/field.h"
#include "http/server/request.h"
#include "http/server/server.h"
#include "task/task.h"

#include <string.h>

static void http_freep(struct http **h)
{
    if (!*h)
        return;
    hub_end((*h)->hub);
    server_stop(*h);
    hub_free((*h)->hub);
    pieces_stop((*h)->pieces); /* of uploads that the end of the daemon cut off, too */
    server_clear(*h);
    free(*h);
    *h = NULL;
}

/* The redirect needs a known proxy, and a storage of files. */
static int check_redirect(const struct conf *c, struct err *e)
{
    const char *p = c->accel_redirect;
    if (!*p)
        return 0;
    if (*p != '/' || p[strlen(p) - 1] != '/' || p[strcspn(p, " \t\r\n?#%")])
        return err_set(e, ERR_INPUT, "accel-redirect: \"%s\" is no prefix such as /internal/", p);
    if (!*c->trusted_proxies)
        return err_set(e, ERR_INPUT, "accel-redirect: trusted-proxies names no proxy");
    if (*c->storage && strncmp(c->storage, "file:", 5) != 0)
        return err_set(e, ERR_INPUT, "accel-redirect: the storage is not a folder");
    return 0;
}

static int http_check_settings(const struct conf *c, const struct http_parts *parts, struct err *e)
{
    if (address_list_check(c->trusted_proxies, e) < 0)
        return err_wrap(e, "trusted-proxies");
    if (origin_list_check(c->cors_origins, e) < 0)
        return err_wrap(e, "cors-origins");
    if (check_redirect(c, e) < 0)
        return -1;
    if (c->presigned_downloads && !*blob_link_origin(parts->blob))
        return err_set(e, ERR_INPUT, "presigned-downloads: the storage gives no links");
    return 0;
}

int http_start(struct http **out, const struct conf *c, const struct http_parts *parts,
               struct err *e)
{
    AUTO(http_freep) struct http *h = mem_new(sizeof(*h));
    h->parts = *parts;
    h->conf = *c;
    h->routes = &api_routes;
    h->far = task_is_far(parts->tasks);
    if (http_check_settings(c, parts, e) < 0 || server_start(h, e) < 0 ||
        pieces_start(&h->pieces, parts->tasks, parts->log, e) < 0 ||
        hub_start(&h->hub, parts->tasks, parts->auth, parts->log, c->events_beat_ms,
                  c->events_streams, e) < 0 ||
        server_listen(h, e) < 0)
        return -1;
    *out = TAKE(h);
    return 0;
}

int http_port(const struct http *h)
{
    return h->port;
}

bool http_local(const struct http *h)
{
    return h->local;
}

void http_stop(struct http *h, int64_t drain_ms)
{
    if (!h)
        return;
    int fd = server_quiesce(h);
    hub_end(h->hub); /* streams would never end by themselves */
    server_drain(h, drain_ms);
    http_freep(&h);
    fd_closep(&fd);
}
