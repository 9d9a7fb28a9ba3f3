/* Reads the index (moov) whole, once, into memory; boxes are spans of that memory. Each table of a
 * track is expanded into the array of packets. Sizes (stsz) give the number of packets, which is
 * bounded; times (stts, ctts), places (stsc, stco, co64) and key pictures (stss) must agree with
 * that number. */
#include "media/receipt/reel_index.h"

#include "core/fd.h"
#include "core/mem.h"

#include <libavutil/mathematics.h>
#include <string.h>

enum {
    INDEX_BYTES_MAX = 4 << 20,
    BOXES_MAX = 64,        /* at the top of the file */
    PACKETS_MAX = 1 << 19, /* of a track: what an index of that size can have */
    EDITS_MAX = 2,
};

struct span {
    const uint8_t *p;
    int64_t n;
};

#define TYPE(a, b, c, d)                                                                           \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static uint32_t u32(const uint8_t *p)
{
    return TYPE(p[0], p[1], p[2], p[3]);
}

static int64_t u64(const uint8_t *p)
{
    return (int64_t)((uint64_t)u32(p) << 32 | u32(p + 4));
}

/* The next box of a span; false at its end or when what is left is none. */
static bool next_box(struct span *rest, uint32_t *type, struct span *body)
{
    if (rest->n < 8)
        return false;
    int64_t size = u32(rest->p);
    if (size < 8 || size > rest->n)
        return false;
    *type = u32(rest->p + 4);
    *body = (struct span){rest->p + 8, size - 8};
    rest->p += size;
    rest->n -= size;
    return true;
}

/* The one box of a type; false when there is none, or a second. */
static bool find(struct span in, uint32_t type, struct span *out)
{
    struct span body;
    uint32_t t;
    int found = 0;
    while (next_box(&in, &t, &body))
        if (t == type) {
            *out = body;
            found++;
        }
    return found == 1;
}

/* Finds a table of n entries behind `head` bytes; the last four of those bytes hold n. */
static bool table(struct span box, int head, int entry_bytes, int64_t *n, const uint8_t **entries)
{
    if (box.n < head)
        return false;
    *n = u32(box.p + head - 4);
    *entries = box.p + head;
    return *n <= (box.n - head) / entry_bytes;
}

/* -- the tables of a track -- */

/* Reads a table of sizes, or one size for all packets; then the file's size bounds the number. */
static bool read_sizes(struct span stbl, int64_t file_bytes, struct reel_track *t)
{
    struct span box;
    if (!find(stbl, TYPE('s', 't', 's', 'z'), &box) || box.n < 12)
        return false;
    int64_t all = u32(box.p + 4), n = u32(box.p + 8);
    if (n == 0 || n > PACKETS_MAX || (all ? all * n > file_bytes : 4 * n > box.n - 12))
        return false;
    t->packets = mem_new((size_t)n * sizeof(*t->packets));
    t->count = (int)n;
    for (int i = 0; i < t->count; i++) {
        int64_t bytes = all ? all : (int64_t)u32(box.p + 12 + 4 * i);
        if (bytes == 0 || bytes > file_bytes || bytes > INT32_MAX)
            return false;
        t->packets[i].bytes = (int)bytes;
    }
    return true;
}

static bool read_decoding_times(struct span stbl, struct reel_track *t)
{
    struct span box;
    const uint8_t *entries;
    int64_t n, at = 0, done = 0;
    if (!find(stbl, TYPE('s', 't', 't', 's'), &box) || !table(box, 8, 8, &n, &entries))
        return false;
    for (int64_t i = 0; i < n; i++) {
        int64_t run = u32(entries + 8 * i), step = u32(entries + 8 * i + 4);
        if (run > t->count - done)
            return false;
        for (; run > 0; run--, at += step)
            t->packets[done++].dts = at;
    }
    t->end = at;
    return done == t->count;
}

/* After the times of decoding: those of showing. */
static bool read_showing_times(struct span stbl, struct reel_track *t)
{
    struct span box;
    const uint8_t *entries;
    int64_t n, done = 0;
    for (int i = 0; i < t->count; i++)
        t->packets[i].pts = t->packets[i].dts;
    if (!find(stbl, TYPE('c', 't', 't', 's'), &box))
        return true;
    if (!table(box, 8, 8, &n, &entries))
        return false;
    for (int64_t i = 0; i < n; i++) {
        int64_t run = u32(entries + 8 * i);
        int32_t later = (int32_t)u32(entries + 8 * i + 4);
        if (run > t->count - done)
            return false;
        for (; run > 0; run--)
            t->packets[done++].pts += later;
    }
    return done == t->count;
}

static bool read_keys(struct span stbl, struct reel_track *t)
{
    struct span box;
    const uint8_t *entries;
    int64_t n;
    bool all = !find(stbl, TYPE('s', 't', 's', 's'), &box);
    for (int i = 0; i < t->count; i++)
        t->packets[i].key = all;
    if (all)
        return true;
    if (!table(box, 8, 4, &n, &entries))
        return false;
    for (int64_t i = 0; i < n; i++) {
        uint32_t number = u32(entries + 4 * i);
        if (number == 0 || number > (uint32_t)t->count)
            return false;
        t->packets[number - 1].key = true;
    }
    return true;
}

/* Where the chunks are: 4 or 8 bytes each. */
struct chunks {
    const uint8_t *entries;
    int64_t count;
    bool wide;
};

static bool find_chunks(struct span stbl, struct chunks *c)
{
    struct span box;
    if (find(stbl, TYPE('s', 't', 'c', 'o'), &box))
        return table(box, 8, 4, &c->count, &c->entries);
    c->wide = true;
    return find(stbl, TYPE('c', 'o', '6', '4'), &box) && table(box, 8, 8, &c->count, &c->entries);
}

/* The packets of a chunk lie one behind the other. */
static bool fill_chunk(struct reel_track *t, int64_t at, int64_t packets, int64_t file_bytes,
                       int64_t *done)
{
    if (packets <= 0 || packets > t->count - *done || at < 0)
        return false;
    for (; packets > 0; packets--) {
        struct reel_packet *p = &t->packets[(*done)++];
        if (at > file_bytes - p->bytes)
            return false;
        p->at = at;
        at += p->bytes;
    }
    return true;
}

static bool read_places(struct span stbl, int64_t file_bytes, struct reel_track *t)
{
    struct chunks c = {0};
    struct span box;
    const uint8_t *runs;
    int64_t n, done = 0;
    if (!find_chunks(stbl, &c) || !find(stbl, TYPE('s', 't', 's', 'c'), &box) ||
        !table(box, 8, 12, &n, &runs))
        return false;
    for (int64_t i = 0, chunk = 0; i < n; i++) {
        const uint8_t *run = runs + 12 * i;
        int64_t last = i + 1 < n ? (int64_t)u32(run + 12) - 1 : c.count;
        if (u32(run) != chunk + 1 || last > c.count || u32(run + 8) != 1)
            return false;
        for (; chunk < last; chunk++) {
            int64_t at = c.wide ? u64(c.entries + 8 * chunk) : (int64_t)u32(c.entries + 4 * chunk);
            if (!fill_chunk(t, at, u32(run + 4), file_bytes, &done))
                return false;
        }
    }
    return done == t->count;
}

static bool read_description(struct span stbl, struct reel_track *t)
{
    struct span box;
    if (!find(stbl, TYPE('s', 't', 's', 'd'), &box) || box.n < 16)
        return false;
    t->descriptions = u32(box.p + 4) > 1000 ? 1000 : (int)u32(box.p + 4);
    memcpy(t->entry, box.p + 12, 4);
    return true;
}

/* -- a track -- */

static int64_t to_us(int64_t ticks, int64_t ticks_per_s)
{
    return av_rescale(ticks, 1000000, ticks_per_s);
}

static bool read_edits(struct span trak, int64_t movie_ticks, struct reel_track *t)
{
    struct span edts, box;
    const uint8_t *entries;
    int64_t n;
    t->shown_us = to_us(t->end, t->ticks_per_s);
    if (!find(trak, TYPE('e', 'd', 't', 's'), &edts))
        return true;
    if (!find(edts, TYPE('e', 'l', 's', 't'), &box) || box.n < 8)
        return false;
    bool wide = box.p[0] == 1;
    int bytes = wide ? 20 : 12;
    if (!table(box, 8, bytes, &n, &entries))
        return false;
    t->odd_edits = n > EDITS_MAX;
    bool begun = false;
    for (int64_t i = 0; i < n && !t->odd_edits; i++) {
        const uint8_t *x = entries + bytes * i;
        int64_t length = wide ? u64(x) : (int64_t)u32(x);
        int64_t from = wide ? u64(x + 8) : (int32_t)u32(x + 4);
        if (length < 0 || from < -1 || begun || u32(x + bytes - 4) != 0x10000) {
            t->odd_edits = true;
        } else if (from == -1) {
            t->empty_us += to_us(length, movie_ticks);
        } else {
            begun = true;
            t->skipped = from;
            t->shown_us = to_us(length, movie_ticks);
        }
    }
    return true;
}

static bool read_kind(struct span mdia, struct reel_track *t)
{
    struct span hdlr, mdhd;
    if (!find(mdia, TYPE('h', 'd', 'l', 'r'), &hdlr) || hdlr.n < 12 ||
        !find(mdia, TYPE('m', 'd', 'h', 'd'), &mdhd) || mdhd.n < 32 - 8)
        return false;
    memcpy(t->kind, hdlr.p + 8, 4);
    t->ticks_per_s = u32(mdhd.p + (mdhd.p[0] == 1 ? 20 : 12));
    return t->ticks_per_s > 0;
}

static const char *read_track(struct span trak, int64_t movie_ticks, int64_t file_bytes,
                              struct reel_track *t)
{
    struct span tkhd, mdia, minf, stbl;
    if (!find(trak, TYPE('t', 'k', 'h', 'd'), &tkhd) || tkhd.n < 4 ||
        !find(trak, TYPE('m', 'd', 'i', 'a'), &mdia) || !read_kind(mdia, t) ||
        !find(mdia, TYPE('m', 'i', 'n', 'f'), &minf) ||
        !find(minf, TYPE('s', 't', 'b', 'l'), &stbl) || !read_description(stbl, t))
        return "a track of it cannot be read";
    t->enabled = tkhd.p[3] & 1;
    if (!read_sizes(stbl, file_bytes, t))
        return "its packets have no sizes";
    if (!read_decoding_times(stbl, t) || !read_showing_times(stbl, t) || !read_keys(stbl, t))
        return "its packets and their times do not go together";
    if (!read_places(stbl, file_bytes, t))
        return "packets do not lie inside the file";
    if (!read_edits(trak, movie_ticks, t))
        return "an edit list of it cannot be read";
    return NULL;
}

static const char *read_movie(struct span moov, int64_t file_bytes, struct reel_index *out)
{
    struct span body, mvhd;
    uint32_t type;
    if (!find(moov, TYPE('m', 'v', 'h', 'd'), &mvhd) || mvhd.n < 32)
        return "it has no head";
    bool wide = mvhd.p[0] == 1;
    int64_t ticks = u32(mvhd.p + (wide ? 20 : 12));
    int64_t length = wide ? u64(mvhd.p + 24) : (int64_t)u32(mvhd.p + 16);
    if (ticks == 0 || length < 0)
        return "it has no clock";
    out->shown_us = to_us(length, ticks);
    out->fragments = find(moov, TYPE('m', 'v', 'e', 'x'), &body);
    while (next_box(&moov, &type, &body)) {
        if (type != TYPE('t', 'r', 'a', 'k'))
            continue;
        if (out->tracks < REEL_TRACKS_MAX) {
            const char *wrong = read_track(body, ticks, file_bytes, &out->track[out->tracks]);
            if (wrong)
                return wrong;
        }
        out->tracks++;
    }
    return NULL;
}

/* Where the moov's body is; false when there is none that could be read. */
static bool find_movie(int fd, int64_t file_bytes, int64_t *at, int64_t *bytes)
{
    uint8_t head[16];
    int64_t here = 0;
    for (int i = 0; i < BOXES_MAX && here <= file_bytes - 16; i++) {
        if (fd_pread_full(fd, head, sizeof(head), here, NULL) != sizeof(head))
            return false;
        int64_t size = u32(head), head_bytes = 8;
        if (size == 1) {
            size = u64(head + 8);
            head_bytes = 16;
        }
        if (size < head_bytes || size > file_bytes - here)
            return false;
        if (u32(head + 4) == TYPE('m', 'o', 'o', 'v')) {
            *at = here + head_bytes;
            *bytes = size - head_bytes;
            return *bytes <= INDEX_BYTES_MAX;
        }
        here += size;
    }
    return false;
}

const char *reel_index_read(int fd, int64_t file_bytes, struct reel_index *out)
{
    AUTO(reel_index_clear) struct reel_index x = {0};
    int64_t at, bytes;
    if (!find_movie(fd, file_bytes, &at, &bytes))
        return "it has no index";
    AUTO(freep) uint8_t *moov = mem_new((size_t)bytes + 1);
    if (fd_pread_full(fd, moov, (size_t)bytes, at, NULL) != bytes)
        return "its index cannot be read";
    const char *wrong = read_movie((struct span){moov, bytes}, file_bytes, &x);
    if (wrong)
        return wrong;
    *out = x;
    x = (struct reel_index){0};
    return NULL;
}

void reel_index_clear(struct reel_index *x)
{
    for (int i = 0; i < REEL_TRACKS_MAX; i++)
        freep(&x->track[i].packets);
}
