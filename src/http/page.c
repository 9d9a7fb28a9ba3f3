/* The page and its parts, which are a part of the program. All of them share one ETag: it changes
 * when any of them does, so a browser never mixes an old script with a new page. */
#include "http/http_impl.h"

#include "blob/blob.h"
#include "core/mem.h"
#include "http/field.h"
#include "http/web.h" /* WEB_SUM; made by the build, see meson.build */

#define EMBED(name, file)                                                                          \
    __asm__(".section .rodata\n" #name ": .incbin \"" WEB_DIR "/" file "\"\n" #name                \
            "_end: .byte 0\n.previous\n");                                                         \
    extern const char name[], name##_end[]
EMBED(web_index_html, "index.html");
EMBED(web_app_js, "app.js");
EMBED(web_app_css, "app.css");
EMBED(web_favicon_svg, "favicon.svg");

#define TEXT(words)    #words
#define TEXT_OF(macro) TEXT(macro)

/* storage: where downloads are sent on to; "": nowhere. */
static const char *policy(struct request *r)
{
    const char *storage =
        r->http->conf.presigned_downloads ? blob_link_origin(r->http->parts.blob) : "";
    const char *gap = *storage ? " " : "";
    return arena_printf(
        r->arena,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:%s%s; "
        "media-src 'self' blob:%s%s; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'",
        gap, storage, gap, storage);
}

void page_get(struct request *r)
{
    static const struct {
        const char *path, *type, *data, *end;
    } parts[] = {
        {"/", "text/html; charset=utf-8", web_index_html, web_index_html_end},
        {"/app.js", "text/javascript; charset=utf-8", web_app_js, web_app_js_end},
        {"/app.css", "text/css; charset=utf-8", web_app_css, web_app_css_end},
        {"/favicon.svg", "image/svg+xml", web_favicon_svg, web_favicon_svg_end},
    };
    static const char etag[] = "\"" TEXT_OF(WEB_SUM) "\"";
    size_t i = 0;
    while (i + 1 < LEN(parts) && strncmp(r->path, parts[i].path, strlen(parts[i].path) + !i) != 0)
        i++;
    size_t n = (size_t)(parts[i].end - parts[i].data);
    r->status = 200;
    if (etag_listed(request_header(r, "If-None-Match"), etag, true)) {
        r->status = 304;
        n = 0;
    }
    r->answer = MHD_create_response_from_buffer(n, (void *)parts[i].data, MHD_RESPMEM_PERSISTENT);
    r->answer_bytes = (int64_t)n;
    answer_header(r, "Content-Type", parts[i].type);
    answer_header(r, "Cache-Control", "no-cache");
    answer_header(r, "ETag", etag);
    answer_header(r, "Content-Security-Policy", policy(r));
}
