/* Tables describe the messages: one row for each field, with its offset and kind. Writing and
 * reading walk the same table, so the two cannot drift apart; test/wire.c proves that the tables
 * cover every field of each struct. Numbers are 8 bytes, little-endian; a bool is one byte that
 * must be 0 or 1; a text has its full size, with zeros behind its end. A packet begins with one
 * type byte, and its length must be exactly what the table says. */
#include "jail/wire.h"

#include "core/fd.h"
#include "core/mem.h"
#include "core/str.h"
#include "jail/wire_table.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROW(type, member, k)                                                                       \
    {                                                                                              \
        offsetof(type, member), sizeof(((type *)0)->member), k, NULL                               \
    }
#define INT(type, member)  ROW(type, member, WIRE_INT)
#define BOOL(type, member) ROW(type, member, WIRE_BOOL)
#define TEXT(type, member) ROW(type, member, WIRE_TEXT)
#define PART(type, member, t)                                                                      \
    {                                                                                              \
        offsetof(type, member), sizeof(((type *)0)->member), WIRE_PART, &(t)                       \
    }
#define TABLE(name, type, ...)                                                                     \
    static const struct wire_row name##_rows[] = {__VA_ARGS__};                                    \
    const struct wire_table name = {name##_rows, LEN(name##_rows), sizeof(type)}

/* clang-format off */
TABLE(wire_profile, struct profile,
    INT(struct profile, bumper_us), INT(struct profile, longest_us), INT(struct profile, fit),
    INT(struct profile, max_width), INT(struct profile, max_height), INT(struct profile, max_fps),
    INT(struct profile, shape_tolerance),
    INT(struct profile, crf), TEXT(struct profile, preset),
    INT(struct profile, audio_bits_per_s), INT(struct profile, audio_hz));
TABLE(wire_limits, struct media_limits,
    INT(struct media_limits, max_pixels), INT(struct media_limits, max_duration_us),
    INT(struct media_limits, max_gap_us), INT(struct media_limits, max_streams),
    INT(struct media_limits, probe_bytes), INT(struct media_limits, max_alloc),
    INT(struct media_limits, threads));
TABLE(wire_shape, struct bumper_shape,
    INT(struct bumper_shape, width), INT(struct bumper_shape, height),
    INT(struct bumper_shape, coded_width), INT(struct bumper_shape, coded_height),
    INT(struct bumper_shape, sar_num), INT(struct bumper_shape, sar_den),
    INT(struct bumper_shape, fps_num), INT(struct bumper_shape, fps_den),
    INT(struct bumper_shape, frames), INT(struct bumper_shape, profile_idc),
    INT(struct bumper_shape, constraints), INT(struct bumper_shape, level_idc),
    INT(struct bumper_shape, set_id), BOOL(struct bumper_shape, full_range),
    INT(struct bumper_shape, primaries), INT(struct bumper_shape, transfer),
    INT(struct bumper_shape, matrix), INT(struct bumper_shape, crf),
    TEXT(struct bumper_shape, preset));
TABLE(wire_order, struct render_order,
    INT(struct render_order, op), PART(struct render_order, profile, wire_profile),
    PART(struct render_order, limits, wire_limits), INT(struct render_order, fit),
    INT(struct render_order, start_us), BOOL(struct render_order, force_encode),
    BOOL(struct render_order, careful),
    BOOL(struct render_order, poster), PART(struct render_order, bumper, wire_shape),
    INT(struct render_order, body_us), INT(struct render_order, frames),
    INT(struct render_order, fps_num), INT(struct render_order, fps_den),
    BOOL(struct render_order, variable_rate));
TABLE(wire_facts, struct media_facts,
    TEXT(struct media_facts, container), INT(struct media_facts, bytes),
    INT(struct media_facts, duration_us), TEXT(struct media_facts, video_codec),
    TEXT(struct media_facts, audio_codec), TEXT(struct media_facts, video_profile),
    TEXT(struct media_facts, pixel_format), INT(struct media_facts, coded_width),
    INT(struct media_facts, coded_height), INT(struct media_facts, display_width),
    INT(struct media_facts, display_height), INT(struct media_facts, rotation),
    BOOL(struct media_facts, mirrored), INT(struct media_facts, sar_num),
    INT(struct media_facts, sar_den), INT(struct media_facts, fps_num),
    INT(struct media_facts, fps_den), BOOL(struct media_facts, variable_rate),
    BOOL(struct media_facts, interlaced), BOOL(struct media_facts, hdr),
    INT(struct media_facts, bit_depth), INT(struct media_facts, frames),
    INT(struct media_facts, audio_hz), INT(struct media_facts, audio_channels),
    INT(struct media_facts, audio_duration_us), INT(struct media_facts, video_tracks),
    INT(struct media_facts, audio_tracks), BOOL(struct media_facts, faststart));
TABLE(wire_receipt, struct receipt,
    INT(struct receipt, held), INT(struct receipt, pictures), INT(struct receipt, sounds),
    INT(struct receipt, decoded), INT(struct receipt, sync_us[0]),
    INT(struct receipt, sync_us[1]), INT(struct receipt, sync_us[2]),
    INT(struct receipt, length_error_us), INT(struct receipt, width), INT(struct receipt, height),
    INT(struct receipt, sar_num), INT(struct receipt, sar_den));
TABLE(wire_report, struct render_report,
    INT(struct render_report, path), TEXT(struct render_report, reason),
    PART(struct render_report, in, wire_facts), PART(struct render_report, out, wire_facts),
    INT(struct render_report, poster_bytes), INT(struct render_report, body_us),
    INT(struct render_report, sync_us), INT(struct render_report, wall_us),
    INT(struct render_report, peak_memory_bytes), BOOL(struct render_report, remade),
    PART(struct render_report, receipt, wire_receipt), INT(struct render_report, warnings));
TABLE(wire_hello, struct wire_hello,
    TEXT(struct wire_hello, version), TEXT(struct wire_hello, media),
    INT(struct wire_hello, layers),
    {offsetof(struct wire_hello, why), WIRE_WHY_SIZE, WIRE_LINES, NULL});
TABLE(wire_start, struct wire_start,
    PART(struct wire_start, order, wire_order), INT(struct wire_start, memory_bytes),
    INT(struct wire_start, cpu_s), INT(struct wire_start, file_bytes),
    INT(struct wire_start, fds), BOOL(struct wire_start, far));
TABLE(wire_exited, struct wire_exited,
    INT(struct wire_exited, not_started), INT(struct wire_exited, status),
    INT(struct wire_exited, peak_bytes), INT(struct wire_exited, cpu_us),
    INT(struct wire_exited, base_bytes));
TABLE(wire_failed, struct err,
    INT(struct err, code), INT(struct err, msg), TEXT(struct err, text),
    TEXT(struct err, format));
TABLE(wire_range, struct wire_range,
    INT(struct wire_range, offset), INT(struct wire_range, len));
static const struct wire_row permille_row[] = {{0, sizeof(int), WIRE_INT, NULL}};
static const struct wire_table wire_permille = {permille_row, 1, sizeof(int)};
static const struct wire_row given_row[] = {{0, sizeof(bool), WIRE_BOOL, NULL}};
static const struct wire_table wire_given = {given_row, 1, sizeof(bool)};
/* clang-format on */

static const struct wire_table *table_of(unsigned type)
{
    static const struct wire_table *const tables[] = {
        [WIRE_HELLO] = &wire_hello,   [WIRE_START] = &wire_start,
        [WIRE_EXITED] = &wire_exited, [WIRE_PROGRESS] = &wire_permille,
        [WIRE_RESULT] = &wire_report, [WIRE_FAILED] = &wire_failed,
        [WIRE_WANT] = &wire_shape,    [WIRE_BUMPER] = &wire_given,
        [WIRE_FETCH] = &wire_range,   [WIRE_FETCHED] = &wire_range,
    };
    return type < LEN(tables) ? tables[type] : NULL;
}

size_t wire_table_bytes(const struct wire_table *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct wire_row *r = &t->rows[i];
        n += r->kind == WIRE_INT    ? 8
             : r->kind == WIRE_BOOL ? 1
             : r->kind == WIRE_PART ? wire_table_bytes(r->part)
                                    : r->size;
    }
    return n;
}

static int64_t int_get(const void *p, size_t size)
{
    if (size == sizeof(int64_t)) {
        int64_t v;
        memcpy(&v, p, sizeof(v));
        return v;
    }
    int32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static unsigned char *encode_table(const struct wire_table *t, const char *from, unsigned char *to)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct wire_row *r = &t->rows[i];
        const char *field = from + r->offset;
        if (r->kind == WIRE_INT) {
            uint64_t v = (uint64_t)int_get(field, r->size);
            for (int b = 0; b < 8; b++)
                *to++ = (unsigned char)(v >> (8 * b));
        } else if (r->kind == WIRE_BOOL) {
            *to++ = *field != 0;
        } else if (r->kind == WIRE_PART) {
            to = encode_table(r->part, field, to);
        } else {
            memset(to, 0, r->size);
            memcpy(to, field, strnlen(field, r->size - 1));
            to += r->size;
        }
    }
    return to;
}

size_t wire_encode(const struct wire_message *m, unsigned char out[WIRE_MAX])
{
    out[0] = (unsigned char)m->type;
    return (size_t)(encode_table(table_of(m->type), (const char *)&m->u, out + 1) - out);
}

/* Clean text that ends inside its field, line ends allowed where the table says so. */
static bool text_fine(const unsigned char *p, const struct wire_row *r)
{
    const char *s = (const char *)p;
    size_t n = strnlen(s, r->size);
    if (n == r->size)
        return false;
    while (r->kind == WIRE_LINES) {
        const char *end = memchr(s, '\n', n);
        if (!end)
            break;
        if (!str_utf8_clean((struct str){s, (size_t)(end - s)}))
            return false;
        n -= (size_t)(end - s) + 1;
        s = end + 1;
    }
    return str_utf8_clean((struct str){s, n});
}

static const unsigned char *decode_table(const struct wire_table *t, const unsigned char *from,
                                         char *to)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct wire_row *r = &t->rows[i];
        char *field = to + r->offset;
        if (r->kind == WIRE_INT) {
            uint64_t u = 0;
            for (int b = 0; b < 8; b++)
                u |= (uint64_t)*from++ << (8 * b);
            int64_t v = (int64_t)u;
            if (r->size == sizeof(int64_t)) {
                memcpy(field, &v, sizeof(v));
            } else {
                int32_t small = (int32_t)v;
                if (small != v)
                    return NULL;
                memcpy(field, &small, sizeof(small));
            }
        } else if (r->kind == WIRE_BOOL) {
            if (*from > 1)
                return NULL;
            *field = (char)*from++;
        } else if (r->kind == WIRE_PART) {
            from = decode_table(r->part, from, field);
            if (!from)
                return NULL;
        } else {
            if (!text_fine(from, r))
                return NULL;
            size_t n = strnlen((const char *)from, r->size);
            memset(field, 0, r->size);
            memcpy(field, from, n);
            from += r->size;
        }
    }
    return from;
}

static bool order_fine(const struct render_order *o)
{
    return (unsigned)o->op <= RENDER_LOGO && (unsigned)o->fit < FIT_COUNT_ &&
           (unsigned)o->profile.fit < FIT_COUNT_ &&
           (o->op != RENDER_BUMPER || bumper_shape_check(&o->bumper, NULL) == 0);
}

/* A child may blame the clip, the disk or us; it may not say "unauthorized". */
static bool failure_fine(const struct err *f)
{
    if ((unsigned)f->msg >= MSG_COUNT_ || f->code != msg_code(f->msg))
        return false;
    switch (f->code) {
    case ERR_INPUT:
    case ERR_UNSUPPORTED:
    case ERR_TOO_LARGE:
    case ERR_FULL:
    case ERR_STOPPED:
    case ERR_SYSTEM:
        return true;
    default:
        return false;
    }
}

static int values_check(const struct wire_message *m, struct err *e)
{
    bool fine = true;
    switch (m->type) {
    case WIRE_HELLO:
        break;
    case WIRE_START:
        fine = order_fine(&m->u.start.order) && m->u.start.fds < 1U << WIRE_FD_BUMPER &&
               m->u.start.memory_bytes > 0 && m->u.start.cpu_s > 0 && m->u.start.file_bytes > 0;
        break;
    case WIRE_EXITED:
        fine = m->u.exited.not_started >= 0 && m->u.exited.peak_bytes >= 0 &&
               m->u.exited.cpu_us >= 0 && m->u.exited.base_bytes >= 0;
        break;
    case WIRE_PROGRESS:
        fine = m->u.permille >= 0 && m->u.permille <= 1000;
        break;
    case WIRE_RESULT:
        return render_report_check(&m->u.report, e);
    case WIRE_WANT:
        return bumper_shape_check(&m->u.want, e);
    case WIRE_BUMPER:
        break;
    case WIRE_FETCH:
    case WIRE_FETCHED:
        fine = m->u.range.offset >= 0 && m->u.range.len > 0 && m->u.range.len <= WIRE_FETCH_MAX &&
               m->u.range.offset <= INT64_MAX - WIRE_FETCH_MAX;
        break;
    case WIRE_FAILED:
        fine = failure_fine(&m->u.failed);
        break;
    }
    return fine ? 0 : err_set(e, ERR_INPUT, "message %d: a value is out of range", (int)m->type);
}

int wire_decode(const void *data, size_t len_bytes, struct wire_message *out, struct err *e)
{
    const unsigned char *p = data;
    const struct wire_table *t = len_bytes ? table_of(p[0]) : NULL;
    if (!t)
        return err_set(e, ERR_INPUT, "message: of no known type");
    if (len_bytes != 1 + wire_table_bytes(t))
        return err_set(e, ERR_INPUT, "message %d: %zu bytes are not its length", p[0], len_bytes);
    struct wire_message m;
    memset(&m, 0, sizeof(m));
    m.type = (enum wire_type)p[0];
    if (!decode_table(t, p + 1, (char *)&m.u))
        return err_set(e, ERR_INPUT, "message %d: a field is not well-formed", p[0]);
    if (values_check(&m, e) < 0)
        return -1;
    *out = m;
    return 0;
}

int wire_send(int fd, const struct wire_message *m, const int *fds, int fd_count, bool *gone,
              struct err *e)
{
    unsigned char data[WIRE_MAX];
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(WIRE_FDS * sizeof(int))];
    } control = {0};
    struct iovec part = {data, wire_encode(m, data)};
    struct msghdr h = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd_count > 0) {
        size_t bytes = (size_t)fd_count * sizeof(int);
        h.msg_control = &control;
        h.msg_controllen = CMSG_SPACE(bytes);
        struct cmsghdr *c = CMSG_FIRSTHDR(&h);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(bytes);
        memcpy(CMSG_DATA(c), fds, bytes);
    }
    ssize_t n;
    do
        n = sendmsg(fd, &h, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (gone)
        *gone = n < 0 && (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN);
    return n < 0 ? err_set(e, ERR_SYSTEM, "message: %s", strerror(errno)) : 0;
}

/* Takes the descriptors out of h; how many, never more than WIRE_FDS. */
static int fds_take(struct msghdr *h, int *got)
{
    int count = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
            if (count < WIRE_FDS)
                got[count++] = fd;
            else
                close(fd);
        }
    }
    return count;
}

/* Puts the descriptors that came in their places; false when they are not those announced. */
static bool fds_place(const struct wire_message *m, int *got, int count, int *fds)
{
    unsigned want = m->type == WIRE_START                  ? m->u.start.fds
                    : m->type == WIRE_BUMPER && m->u.given ? 1U << WIRE_FD_BUMPER
                                                           : 0;
    if (__builtin_popcount(want) != count)
        return false;
    for (int i = 0, next = 0; i < WIRE_FDS; i++)
        if (want & (1U << i))
            fds[i] = fd_take(&got[next++]);
    return true;
}

static enum wire_got receive(int fd, int flags, struct wire_message *out, int *fds, struct err *e)
{
    unsigned char data[WIRE_MAX];
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(WIRE_FDS * sizeof(int))];
    } control;
    struct iovec part = {data, sizeof(data)};
    struct msghdr h = {.msg_iov = &part, .msg_iovlen = 1};
    if (fds) {
        h.msg_control = &control;
        h.msg_controllen = sizeof(control);
        for (int i = 0; i < WIRE_FDS; i++)
            fds[i] = -1;
    }
    ssize_t n;
    do
        n = recvmsg(fd, &h, flags | MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return WIRE_NOTHING;
    if (n < 0 && errno == ECONNRESET)
        return WIRE_CLOSED;
    if (n < 0) {
        err_set(e, ERR_SYSTEM, "message: %s", strerror(errno));
        return WIRE_BAD;
    }
    int got[WIRE_FDS] = {-1, -1, -1, -1, -1, -1, -1, -1};
    int count = fds ? fds_take(&h, got) : 0;
    enum wire_got result = WIRE_GOT;
    /* A packet without bytes looks like the end; no honest peer sends one, and both end the job. */
    if (n == 0 && count == 0) {
        result = WIRE_CLOSED;
    } else if (h.msg_flags & MSG_TRUNC || (fds && h.msg_flags & MSG_CTRUNC)) {
        err_set(e, ERR_INPUT, "message: larger than any of ours");
        result = WIRE_BAD;
    } else if (wire_decode(data, (size_t)n, out, e) < 0) {
        result = WIRE_BAD;
    } else if (fds && !fds_place(out, got, count, fds)) {
        err_set(e, ERR_INPUT, "message: its descriptors are not those that it names");
        result = WIRE_BAD;
    }
    for (int i = 0; i < WIRE_FDS; i++)
        fd_closep(&got[i]);
    return result;
}

enum wire_got wire_recv(int fd, struct wire_message *out, int *fds, struct err *e)
{
    return receive(fd, MSG_DONTWAIT, out, fds, e);
}

enum wire_got wire_wait(int fd, struct wire_message *out, int *fds, struct err *e)
{
    return receive(fd, 0, out, fds, e);
}
