/* Serves the page and its parts, which are built into the program. script/web makes the parts and
 * the table that names them. A browser keeps a part that is named after its content for good, and
 * revalidates the others by ETag. Each part is stored as is, with gzip and with Brotli, each form
 * with its own ETag. */
#include "http/api/api.h"

#include "blob/blob.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/server/answer.h"
#include "http/server/field.h"
#include "http/server/request.h"

/* Tells the assembler the name and the file of one part. */
#define EMBED(name, file)                                                                          \
    __asm__(".section .rodata\n" #name ": .incbin \"" WEB_DIR "/" file "\"\n" #name                \
            "_end: .byte 0\n.previous\n");                                                         \
    extern const char name[], name##_end[];
#define PART(id, path, type, file, tag, kept)                                                      \
    EMBED(web_##id, file)                                                                          \
    EMBED(web_##id##_gz, file ".gz")                                                               \
    EMBED(web_##id##_br, file ".br")
#include "http/parts.def" /* changes with any part, so ninja compiles this anew */
#undef PART

/* storage: the origin to which downloads are redirected; "": none. */
static const char *page_policy(struct request *r)
{
    const char *storage =
        r->http->conf.presigned_downloads ? blob_link_origin(r->http->parts.blob) : "";
    const char *gap = *storage ? " " : "";
    return arena_printf(
        r->arena,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:%s%s; "
        "media-src 'self' blob:%s%s; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'",
        gap, storage, gap, storage);
}

/* One way to send a part; the best first. */
enum { VARIANTS = 3 };
struct variant {
    const char *coding, *etag, *data, *end;
};
static const struct part {
    const char *path, *type;
    bool kept;
    struct variant variants[VARIANTS];
} parts[] = {
#define PART(id, path, type, file, tag, kept)                                                      \
    {path,                                                                                         \
     type,                                                                                         \
     kept,                                                                                         \
     {{"br", "\"" tag "-br\"", web_##id##_br, web_##id##_br_end},                                  \
      {"gzip", "\"" tag "-gz\"", web_##id##_gz, web_##id##_gz_end},                                \
      {NULL, "\"" tag "\"", web_##id, web_##id##_end}}},
#include "http/parts.def"
#undef PART
};

static const struct part *part_find(const char *path)
{
    size_t len = strlen(path);
    if (len > 1 && path[len - 1] == '/')
        len--;
    for (size_t i = 0; i < LEN(parts); i++)
        if (strncmp(path, parts[i].path, len) == 0 && !parts[i].path[len])
            return &parts[i];
    return NULL;
}

void page_get(struct request *r)
{
    const struct part *part = part_find(r->path);
    if (!part) {
        struct err e;
        err_msg(&e, MSG_NOT_FOUND, "no such part of the page");
        answer_error(r, &e);
        return;
    }
    const struct variant *v = part->variants;
    while (v->coding && !coding_accepted(request_header(r, "Accept-Encoding"), v->coding))
        v++;
    size_t n = (size_t)(v->end - v->data);
    r->status = 200;
    if (etag_listed(request_header(r, "If-None-Match"), v->etag, true)) {
        r->status = 304;
        n = 0;
    }
    r->answer = MHD_create_response_from_buffer(n, (void *)v->data, MHD_RESPMEM_PERSISTENT);
    r->answer_bytes = (int64_t)n;
    answer_header(r, "Content-Type", part->type);
    answer_header(r, "Cache-Control",
                  part->kept ? "public, max-age=31536000, immutable" : "no-cache");
    answer_header(r, "Vary", "Accept-Encoding");
    answer_header(r, "ETag", v->etag);
    if (v->coding && r->status == 200)
        answer_header(r, "Content-Encoding", v->coding);
    answer_header(r, "Content-Security-Policy", page_policy(r));
}
