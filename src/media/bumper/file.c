/* The file of a bumper:
 *     8 bytes  "RGbumper"
 *     32 bits  BUMPER_FORM
 *     shape    as shape_write() below writes it
 *     32 bits  each: bytes of the sets; number of packets; bytes of each packet
 *     the sets, the packets
 *     32 bytes SHA-256 of everything before
 * Numbers are big-endian. The sum detects damage by a disk or an interrupted write. Everything else
 * is checked like a stranger's data, because a decoder or a player will read it. */
#include "media/bumper/bumper.h"

#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "media/media.h"

#include <errno.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/sha.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SUM_BYTES = 32,
    SHAPE_BYTES = 18 * 4 + sizeof((struct bumper_shape){0}.preset),
    HEAD_BYTES = 8 + 4 + SHAPE_BYTES + 4 + 4,
    SETS_MOST = 1024,
    SETS_LEAST = 16,
};
static const uint8_t magic[8] = "RGbumper";

static void shape_write(const struct bumper_shape *s, uint8_t *to)
{
    const uint32_t numbers[] = {
        (uint32_t)s->width,       (uint32_t)s->height,
        (uint32_t)s->coded_width, (uint32_t)s->coded_height,
        (uint32_t)s->sar_num,     (uint32_t)s->sar_den,
        (uint32_t)s->fps_num,     (uint32_t)s->fps_den,
        (uint32_t)s->frames,      (uint32_t)s->profile_idc,
        (uint32_t)s->constraints, (uint32_t)s->level_idc,
        (uint32_t)s->set_id,      s->full_range,
        (uint32_t)s->primaries,   (uint32_t)s->transfer,
        (uint32_t)s->matrix,      (uint32_t)s->crf,
    };
    for (size_t i = 0; i < LEN(numbers); i++, to += 4)
        AV_WB32(to, numbers[i]);
    memset(to, 0, sizeof(s->preset));
    memcpy(to, s->preset, strnlen(s->preset, sizeof(s->preset)));
}

static int sum(const uint8_t *data, size_t len_bytes, uint8_t out[SUM_BYTES])
{
    AUTO(freep) struct AVSHA *sha = av_sha_alloc();
    if (!sha || av_sha_init(sha, 8 * SUM_BYTES) < 0)
        return -1;
    av_sha_update(sha, data, len_bytes);
    av_sha_final(sha, out);
    return 0;
}

static int64_t file_bytes(const struct bumper *b)
{
    int64_t total = HEAD_BYTES + 4 * (int64_t)b->count + b->sets_bytes + SUM_BYTES;
    for (int i = 0; i < b->count; i++)
        total += b->packets[i]->size;
    return total;
}

int bumper_file(const struct media_job *job, struct err *e)
{
    const struct bumper_shape *shape = &job->order->bumper;
    AUTO(bumper_clear) struct bumper b = {0};
    if (bumper_encode(job, shape, &b, e) < 0)
        return -1;
    int64_t total = file_bytes(&b);
    if (total > BUMPER_FILE_BYTES_MAX)
        return err_set(e, ERR_SYSTEM, "bumper: it has %lld bytes", (long long)total);
    AUTO(freep) uint8_t *data = malloc((size_t)total);
    if (!data)
        return err_msg(e, MSG_MEMORY_LIMIT, "bumper: no memory");
    uint8_t *p = data;
    memcpy(p, magic, sizeof(magic));
    AV_WB32(p + 8, BUMPER_FORM);
    shape_write(shape, p + 12);
    AV_WB32(p + 12 + SHAPE_BYTES, b.sets_bytes);
    AV_WB32(p + 16 + SHAPE_BYTES, b.count);
    p += HEAD_BYTES;
    for (int i = 0; i < b.count; i++, p += 4)
        AV_WB32(p, b.packets[i]->size);
    memcpy(p, b.sets, (size_t)b.sets_bytes);
    p += b.sets_bytes;
    for (int i = 0; i < b.count; p += b.packets[i++]->size)
        memcpy(p, b.packets[i]->data, (size_t)b.packets[i]->size);
    if (sum(data, (size_t)(p - data), p) < 0)
        return err_msg(e, MSG_MEMORY_LIMIT, "bumper: no memory");
    if (lseek(job->reel_fd, 0, SEEK_SET) < 0)
        return err_set(e, ERR_SYSTEM, "bumper: %s", strerror(errno));
    return fd_write_all(job->reel_fd, data, (size_t)total, e);
}

static int damaged(struct err *e, const char *what)
{
    return err_set(e, ERR_SYSTEM, "bumper: the kept one is damaged: %s", what);
}

/* An avcC record with one SPS and one PPS of the shape's profile. */
static bool sets_fine(const uint8_t *r, size_t len_bytes, const struct bumper_shape *shape)
{
    const uint8_t *end = r + len_bytes;
    if (r[0] != 1 || r[1] != shape->profile_idc || r[4] != 0xff || r[5] != 0xe1)
        return false;
    size_t sps = AV_RB16(r + 6);
    if (sps < 5 || sps + 8 + 4 > len_bytes || (r[8] & 31) != 7 || memcmp(r + 1, r + 9, 3) != 0)
        return false;
    const uint8_t *p = r + 8 + sps;
    size_t pps = AV_RB16(p + 1);
    if (p[0] != 1 || pps < 2 || pps > (size_t)(end - p - 3) || (p[3] & 31) != 8)
        return false;
    return (size_t)(end - p - 3) == pps + (shape->profile_idc == 100 ? 4 : 0);
}

/* Nothing but slices, of an IDR picture in the first packet and of none in the others. */
static bool packet_fine(const uint8_t *p, size_t len_bytes, bool first)
{
    if (len_bytes == 0)
        return false;
    while (len_bytes > 0) {
        if (len_bytes < 4 + 2)
            return false;
        size_t unit = AV_RB32(p);
        if (unit < 2 || unit > len_bytes - 4 || (p[4] & 0x9f) != (first ? 5 : 1))
            return false;
        p += 4 + unit;
        len_bytes -= 4 + unit;
    }
    return true;
}

static AVPacket *packet_of(AVBufferRef *file, const uint8_t *data, size_t len_bytes, int64_t pts)
{
    AVPacket *p = av_packet_alloc();
    if (!p)
        return NULL;
    p->buf = av_buffer_ref(file);
    if (!p->buf)
        av_packet_free(&p);
    if (!p)
        return NULL;
    p->data = (uint8_t *)data;
    p->size = (int)len_bytes;
    p->pts = p->dts = pts;
    p->duration = 1;
    p->flags = pts == 0 ? AV_PKT_FLAG_KEY : 0;
    return p;
}

/* What lies behind the head; `len_bytes` ends before the sum. */
static int body_read(AVBufferRef *file, size_t len_bytes, const struct bumper_shape *shape,
                     struct bumper *b, struct err *e)
{
    size_t sets_bytes = AV_RB32(file->data + 12 + SHAPE_BYTES);
    size_t count = AV_RB32(file->data + 16 + SHAPE_BYTES);
    if (sets_bytes < SETS_LEAST || sets_bytes > SETS_MOST || count != (size_t)shape->frames ||
        len_bytes < HEAD_BYTES + 4 * count + sets_bytes)
        return damaged(e, "its counts");
    const uint8_t *sizes = file->data + HEAD_BYTES, *sets = sizes + 4 * count;
    const uint8_t *p = sets + sets_bytes, *end = file->data + len_bytes;
    if (!sets_fine(sets, sets_bytes, shape))
        return damaged(e, "its parameter sets");
    b->sets = mem_new(sets_bytes + AV_INPUT_BUFFER_PADDING_SIZE);
    memcpy(b->sets, sets, sets_bytes);
    b->sets_bytes = (int)sets_bytes;
    b->packets = mem_new((count + 1) * sizeof(AVPacket *));
    for (size_t i = 0; i < count; i++) {
        size_t size = AV_RB32(sizes + 4 * i);
        if (size > (size_t)(end - p) || !packet_fine(p, size, i == 0))
            return damaged(e, "a packet");
        b->packets[i] = packet_of(file, p, size, (int64_t)i);
        if (!b->packets[i])
            return err_msg(e, MSG_MEMORY_LIMIT, "bumper: no memory");
        b->count++;
        p += size;
    }
    return p == end ? 0 : damaged(e, "its length");
}

int bumper_read(int fd, const struct bumper_shape *shape, struct bumper *out, struct err *e)
{
    struct stat st;
    if (bumper_shape_check(shape, e) < 0)
        return -1;
    if (fstat(fd, &st) < 0)
        return err_set(e, ERR_SYSTEM, "bumper: %s", strerror(errno));
    if (st.st_size < HEAD_BYTES + SUM_BYTES || st.st_size > BUMPER_FILE_BYTES_MAX)
        return damaged(e, "its size");
    size_t total = (size_t)st.st_size;
    AUTO(av_buffer_unref) AVBufferRef *file = av_buffer_alloc(total + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!file)
        return err_msg(e, MSG_MEMORY_LIMIT, "bumper: no memory");
    ssize_t n = fd_pread_full(fd, file->data, total, 0, e);
    if (n < 0)
        return -1;
    uint8_t found[SUM_BYTES], asked[SHAPE_BYTES];
    if ((size_t)n != total || sum(file->data, total - SUM_BYTES, found) < 0 ||
        memcmp(found, file->data + total - SUM_BYTES, SUM_BYTES) != 0)
        return damaged(e, "its sum");
    memset(file->data + total, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    shape_write(shape, asked);
    if (memcmp(file->data, magic, sizeof(magic)) != 0 || AV_RB32(file->data + 8) != BUMPER_FORM)
        return damaged(e, "it is of another form");
    if (memcmp(file->data + 12, asked, SHAPE_BYTES) != 0)
        return damaged(e, "it is of another shape");
    AUTO(bumper_clear) struct bumper b = {0};
    if (body_read(file, total - SUM_BYTES, shape, &b, e) < 0)
        return -1;
    *out = b;
    b = (struct bumper){0};
    return 0;
}
