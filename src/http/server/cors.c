/* Pages of other origins (WHATWG Fetch, 3.3, "CORS protocol"). The browser sends the page's Origin.
 * Our answer decides whether the page may read it, and, for a preflight, whether the browser sends
 * the request at all. Tokens travel in Authorization, which a page adds itself, never in cookies;
 * so no answer allows credentials, and the star is safe. */
#include "http/server/cors.h"

#include "http/server/field.h"
#include "http/server/request.h"

/* What a page may send. The route refuses a method that it does not have, so that the page can read
 * why. */
static const char methods[] = "GET, HEAD, POST, PUT, PATCH, DELETE";
static const char request_headers[] =
    "Authorization, Content-Type, Accept-Language, Idempotency-Key, Last-Event-ID, Range, "
    "If-Match, "
    "If-None-Match, If-Range, X-Request-Id, Tus-Resumable, Upload-Length, Upload-Offset, "
    "Upload-Metadata, Upload-Checksum, X-HTTP-Method-Override";
/* What it may read beside what every page may. */
static const char answer_headers[] =
    "Location, Allow, Retry-After, X-Request-Id, ETag, Accept-Ranges, Content-Range, "
    "Content-Disposition, Reelgate-Task, RateLimit, RateLimit-Policy, Tus-Resumable, Tus-Version, "
    "Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, Upload-Offset, Upload-Length, "
    "Upload-Expires, Upload-Metadata";
/* Browsers keep it for two hours at most (Chromium) or a day (Firefox). */
static const char preflight_s[] = "7200";

void cors_put(const struct request *r, void (*put)(void *cls, const char *name, const char *value),
              void *cls)
{
    const char *list = r->http->conf.cors_origins, *origin = request_header(r, "Origin");
    if (!*list)
        return;
    bool all = strcmp(list, "*") == 0;
    if (!all) /* even without an Origin: a cache must not reuse this answer for another */
        put(cls, "Vary", "Origin");
    if (!origin_listed(list, origin))
        return;
    put(cls, "Access-Control-Allow-Origin", all ? list : origin);
    if (strcmp(r->method, "OPTIONS") != 0 || r->status != 204 ||
        !request_header(r, "Access-Control-Request-Method")) {
        put(cls, "Access-Control-Expose-Headers", answer_headers);
        return;
    }
    put(cls, "Access-Control-Allow-Methods", methods);
    put(cls, "Access-Control-Allow-Headers", request_headers);
    put(cls, "Access-Control-Max-Age", preflight_s);
}
