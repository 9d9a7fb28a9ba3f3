/* Checks the bumpers and the seams. Decoding is the main cost of a receipt, so few pictures are
 * decoded. Each part of a reel begins with an IDR picture, and so does each stretch that is decoded
 * here. A decoder that goes from one stretch to the next meets the same situation as at a seam:
 * other headers, pictures waiting to be shown, a picture that drops all references. One decoder
 * takes, in this order:
 *
 *   the first pictures of the first bumper         FIRST_PICTURES
 *   the first pictures of the body                 up to BODY_PICTURES and BODY_BYTES, at least 1
 *   two from the body's second IDR picture on      when a third kind of headers says that the
 *                                                  body's beginning was encoded, the rest copied
 *   the body's end, from its last IDR picture on   when that is at most TAIL_PICTURES and
 *                                                  TAIL_BYTES long; two pictures of a longer end
 *                                                  that was encoded, as its headers say
 *   the first pictures of the last bumper          LAST_PICTURES
 *
 * and each picture must come out undamaged, in order, and without any complaint of the decoder. The
 * other pictures of the bumpers are compared: both bumpers have the same few bytes. When the bytes
 * differ (a bumper after an encoded reel's final IDR picture has another idr_pic_id), or are so
 * many that the picture may move, both bumpers are decoded whole, and each picture is compared with
 * the first. */
#include "core/fd.h"
#include "core/mem.h"
#include "media/receipt/verify_impl.h"

#include <libavutil/log.h>

enum {
    FIRST_PICTURES = 2, /* of the first bumper */
    LAST_PICTURES = 1,  /* of the last bumper: only its IDR picture may differ */
    BODY_PICTURES = 6,
    BODY_BYTES = 512 << 10, /* some 15 MB/s are decoded of a rich picture */
    INNER_PICTURES = 2,
    SETS_OF_TWO = 2, /* number of header sets: the bumper's and the clip's */
    TAIL_PICTURES = 32,
    TAIL_BYTES = 384 << 10,
    KEYS_LOOKED_AT = 8, /* for an IDR picture */
    STRIDE = 4,         /* of the pixels that are compared of two pictures */
    ALIKE_MEAN = 8,   /* of 255: how far they may be off on average; of noise two encodings are 5 */
    BLOCK = 16,       /* pixels wide and high: the part of a picture that is seen to move */
    ALIKE_BLOCK = 32, /* of 255: how far the brightness of one may be off; coding refines less */
    STILL_TIMES = 2,  /* a still picture's repeats: bytes by those of its first, */
    STILL_BYTES = 64, /* and each by this, */
    STILL_PIXELS = 256, /* and a byte for so many pixels: a quick encoder refines for long */
};

struct seams {
    struct verify *v;
    AVCodecContext *decoder;
    AVPacket *packet;
    AVFrame *frame;
    AVFrame *logo; /* the first picture of all */
    int *order;    /* packets in the order in which they are decoded */
    int count, out;
    int complaints;
    char complaint[100]; /* the first */
};

static void seams_clear(struct seams *s)
{
    avcodec_free_context(&s->decoder);
    av_packet_free(&s->packet);
    av_frame_free(&s->frame);
    av_frame_free(&s->logo);
    freep(&s->order);
}

/* -- packets -- */

/* Reads the packet's bytes; `out` owns them. */
static int read_packet(const struct verify *v, int i, AVPacket *out, struct err *e)
{
    const struct reel_packet *p = &v->picture->packets[i];
    av_packet_unref(out);
    if (av_new_packet(out, p->bytes) < 0)
        return err_msg(e, MSG_MEMORY_LIMIT, "reel: no memory");
    if (fd_pread_full(v->in.clip.fd, out->data, (size_t)p->bytes, p->at, e) != p->bytes)
        return verify_fails(e, RECEIPT_SEAMS, "picture %d cannot be read", i);
    out->pts = p->pts;
    out->dts = p->dts;
    out->flags = p->key ? AV_PKT_FLAG_KEY : 0;
    return 0;
}

/* Reads a packet and walks its parts. */
static int look_at(const struct seams *s, int i, enum receipt_item item, bool *idr, struct err *e)
{
    if (read_packet(s->v, i, s->packet, e) < 0)
        return -1;
    const char *wrong = sets_packet(&s->v->sets, s->packet->data, s->packet->size, idr);
    return wrong ? verify_fails(e, item, "picture %d: %s", i, wrong) : 0;
}

static int begins_with_idr(const struct seams *s, int i, enum receipt_item item, struct err *e)
{
    bool idr;
    if (look_at(s, i, item, &idr, e) < 0)
        return -1;
    if (!idr || !s->v->picture->packets[i].key)
        return verify_fails(e, item,
                            "the part from picture %d on does not begin with an IDR picture", i);
    return 0;
}

/* Bytes of the packets from a on, before b. */
static int64_t bytes_of(const struct verify *v, int a, int b)
{
    int64_t sum = 0;
    for (int i = a; i < b; i++)
        sum += v->picture->packets[i].bytes;
    return sum;
}

/* -- the bumpers -- */

/* A still picture costs almost nothing after its first packet. A costlier one may be noise that the
 * encoder refines for long, or it may move. */
static bool is_cheap(const struct verify *v, int first, int count)
{
    int64_t head = v->picture->packets[first].bytes;
    int64_t rest = bytes_of(v, first + 1, first + count);
    int64_t pixels = (int64_t)v->plan.width * v->plan.height;
    return rest <= STILL_TIMES * head + (STILL_BYTES + pixels / STILL_PIXELS) * count;
}

/* Compares the packets of both bumpers, except the first of each. */
static int compare_bumpers(const struct seams *s, int count, bool *same, struct err *e)
{
    const struct reel_track *t = s->v->picture;
    int outro = t->count - count;
    AUTO(av_packet_free) AVPacket *other = av_packet_alloc();
    if (!other)
        return err_msg(e, MSG_MEMORY_LIMIT, "reel: no memory");
    *same = true;
    for (int i = 1; i < count && *same; i++) {
        bool idr;
        *same = t->packets[i].bytes == t->packets[outro + i].bytes;
        if (!*same)
            break;
        if (read_packet(s->v, i, other, e) < 0 ||
            look_at(s, outro + i, RECEIPT_BUMPERS, &idr, e) < 0)
            return -1;
        *same = memcmp(other->data, s->packet->data, (size_t)other->size) == 0;
    }
    return 0;
}

/* plain: the first pictures of each bumper represent all of them. */
static int check_bumpers(const struct seams *s, int count, bool *plain, struct err *e)
{
    int outro = s->v->picture->count - count;
    if (begins_with_idr(s, 0, RECEIPT_BUMPERS, e) < 0 ||
        begins_with_idr(s, outro, RECEIPT_BUMPERS, e) < 0 ||
        compare_bumpers(s, count, plain, e) < 0)
        return -1;
    *plain = *plain && is_cheap(s->v, 0, count) && is_cheap(s->v, outro, count);
    return 0;
}

static int brightness(const AVFrame *f, int left, int top)
{
    int sum = 0;
    for (int y = top; y < top + BLOCK; y++)
        for (int x = left; x < left + BLOCK; x++)
            sum += f->data[0][y * f->linesize[0] + x];
    return sum / (BLOCK * BLOCK);
}

/* Returns whether a part of the picture has changed. */
static bool has_moved(const AVFrame *a, const AVFrame *b)
{
    for (int y = 0; y + BLOCK <= a->height; y += BLOCK)
        for (int x = 0; x + BLOCK <= a->width; x += BLOCK)
            if (abs(brightness(a, x, y) - brightness(b, x, y)) > ALIKE_BLOCK)
                return true;
    return false;
}

/* The mean difference in brightness between two pictures. */
static int difference(const AVFrame *a, const AVFrame *b)
{
    int64_t sum = 0, n = 0;
    for (int y = 0; y < a->height; y += STRIDE)
        for (int x = 0; x < a->width; x += STRIDE, n++)
            sum += abs(a->data[0][y * a->linesize[0] + x] - b->data[0][y * b->linesize[0] + x]);
    return n ? (int)(sum / n) : 0;
}

/* -- what is decoded -- */

static void add(struct seams *s, int first, int end)
{
    for (int i = first; i < end; i++)
        s->order[s->count++] = i;
}

/* Finds the first IDR picture from `from` to before `to`, in steps of 1 or -1; -1: none, -2: *e. */
static int find_idr(const struct seams *s, int from, int to, int step, struct err *e)
{
    int looked = 0;
    for (int i = from; i != to && looked < KEYS_LOOKED_AT; i += step) {
        bool idr;
        if (!s->v->picture->packets[i].key)
            continue;
        if (look_at(s, i, RECEIPT_SEAMS, &idr, e) < 0)
            return -2;
        if (idr)
            return i;
        looked++;
    }
    return -1;
}

/* The id of the picture parameter set that a picture uses, into *set. */
static int set_of(const struct seams *s, int i, unsigned *set, struct err *e)
{
    struct order order;
    if (read_packet(s->v, i, s->packet, e) < 0)
        return -1;
    const uint8_t *data = s->packet->data;
    const struct units u = {data, data + s->packet->size, s->v->sets.length_bytes, false};
    if (!sets_order(&s->v->sets, u, &order))
        return verify_fails(e, RECEIPT_SEAMS, "picture %d cannot be read", i);
    *set = order.set;
    return 0;
}

/* How many pictures of the body's end are decoded, from its last IDR picture on. An encoded end has
 * the headers of the bumper, or, without a bumper, other headers than the body's beginning. */
static int tail_pictures(const struct seams *s, int a, int tail, int b, struct err *e)
{
    unsigned first = 0, last = 0;
    if (bytes_of(s->v, tail, b) <= TAIL_BYTES)
        return b - tail;
    if (set_of(s, 0, &first, e) < 0 || set_of(s, tail, &last, e) < 0)
        return -1;
    int few = b - tail < INNER_PICTURES ? b - tail : INNER_PICTURES;
    return (first == last) == (a > 0) ? few : 0;
}

/* Of the body, the pictures from a on, before b. */
static int choose_body(struct seams *s, int a, int b, struct err *e)
{
    const struct verify *v = s->v;
    if (b - a <= TAIL_PICTURES && bytes_of(v, a, b) <= TAIL_BYTES) {
        add(s, a, b);
        return 0;
    }
    int end = a + 1;
    while (end < b && end < a + BODY_PICTURES && bytes_of(v, a, end + 1) <= BODY_BYTES)
        end++;
    int back = b - TAIL_PICTURES > end ? b - TAIL_PICTURES : end;
    int inner = v->sets.sps_count > SETS_OF_TWO ? find_idr(s, end, b, 1, e) : -1;
    int tail = find_idr(s, b - 1, back - 1, -1, e);
    if (inner < -1 || tail < -1)
        return -1;
    int more = tail < 0 ? 0 : tail_pictures(s, a, tail, b, e);
    if (more < 0)
        return -1;
    if (more == 0)
        tail = b;
    add(s, a, end);
    if (inner >= 0 && inner < tail)
        add(s, inner, inner + INNER_PICTURES < tail ? inner + INNER_PICTURES : tail);
    add(s, tail, tail + more);
    return 0;
}

static int choose(struct seams *s, int bumper, bool plain, struct err *e)
{
    int outro = s->v->picture->count - bumper;
    add(s, 0, plain && bumper > FIRST_PICTURES ? FIRST_PICTURES : bumper);
    if (begins_with_idr(s, bumper, RECEIPT_SEAMS, e) < 0 || choose_body(s, bumper, outro, e) < 0)
        return -1;
    add(s, outro, outro + (plain && bumper > LAST_PICTURES ? LAST_PICTURES : bumper));
    return 0;
}

/* -- decoding -- */

static struct seams *listener; /* one reel at a time is checked in a process, by one thread */

__attribute__((format(printf, 3, 0))) static void listen(void *ctx, int level, const char *fmt,
                                                         va_list ap)
{
    (void)ctx;
    if (level > AV_LOG_WARNING || !listener)
        return;
    if (listener->complaints++ == 0)
        vsnprintf(listener->complaint, sizeof(listener->complaint), fmt, ap);
}

static void ignore(void *ctx, int level, const char *fmt, va_list ap)
{
    (void)ctx, (void)level, (void)fmt, (void)ap;
}

/* Takes a decoded picture: pictures come in display order, stretch by stretch. */
static int take(struct seams *s, struct err *e)
{
    const struct verify *v = s->v;
    const AVFrame *f = s->frame;
    int64_t since = f->pts - v->picture->skipped, place = since / v->slot;
    if (s->out >= s->count)
        return verify_fails(e, RECEIPT_SEAMS, "more pictures come out than were put in");
    if (f->decode_error_flags || f->flags & AV_FRAME_FLAG_CORRUPT ||
        f->width != v->in.facts.coded_width || f->height != v->in.facts.coded_height ||
        (f->format != AV_PIX_FMT_YUV420P && f->format != AV_PIX_FMT_YUVJ420P))
        return verify_fails(e, RECEIPT_SEAMS, "the picture in frame %lld is damaged",
                            (long long)place);
    s->out++;
    if (v->job->progress && s->count > 0)
        v->job->progress(v->job->arg, 1000 * s->out / s->count);
    if (since >= v->seams[0] && since < v->seams[1])
        return 0;
    if (!s->logo->data[0])
        return av_frame_ref(s->logo, f) < 0 ? err_msg(e, MSG_MEMORY_LIMIT, "reel: no memory") : 0;
    int off = difference(s->logo, f);
    if (off > ALIKE_MEAN)
        return verify_fails(e, RECEIPT_BUMPERS,
                            "the picture in frame %lld is off the first one by %d",
                            (long long)place, off);
    if (has_moved(s->logo, f))
        return verify_fails(e, RECEIPT_BUMPERS, "the picture in frame %lld has moved",
                            (long long)place);
    return 0;
}

static int drain(struct seams *s, struct err *e)
{
    while (avcodec_receive_frame(s->decoder, s->frame) >= 0) {
        int ok = take(s, e);
        av_frame_unref(s->frame);
        if (ok < 0)
            return -1;
    }
    return 0;
}

static int decode(struct seams *s, struct err *e)
{
    for (int i = 0; i <= s->count; i++) {
        bool more = i < s->count;
        if (more && read_packet(s->v, s->order[i], s->packet, e) < 0)
            return -1;
        if (avcodec_send_packet(s->decoder, more ? s->packet : NULL) < 0)
            return verify_fails(e, RECEIPT_SEAMS, "picture %d cannot be decoded",
                                s->order[more ? i : i - 1]);
        if (drain(s, e) < 0)
            return -1;
    }
    if (s->out != s->count)
        return verify_fails(e, RECEIPT_SEAMS, "%d pictures come out of %d", s->out, s->count);
    return 0;
}

static int decode_heard(struct seams *s, struct err *e)
{
    listener = s;
    av_log_set_callback(listen);
    int result = decode(s, e);
    av_log_set_callback(ignore); /* as media_warm_up has it */
    listener = NULL;
    if (result == 0 && s->complaints)
        return verify_fails(e, RECEIPT_SEAMS, "the decoder complains: %.80s", s->complaint);
    return result;
}

static int open_decoder(struct seams *s, struct err *e)
{
    const struct verify *v = s->v;
    struct media_limits one = v->job->order->limits;
    one.threads =
        1; /* each extra thread delays output by one picture and costs more than it saves */
    s->packet = av_packet_alloc();
    s->frame = av_frame_alloc();
    s->logo = av_frame_alloc();
    s->order = mem_new((size_t)v->picture->count * sizeof(*s->order));
    if (!s->packet || !s->frame || !s->logo)
        return err_msg(e, MSG_MEMORY_LIMIT, "reel: no memory");
    struct media_input *in = &s->v->in;
    if (media_input_decoder(in, in->video, &one, &s->decoder, e) < 0)
        return -1;
    /* report damage, do not conceal it; deblocking is not needed here */
    s->decoder->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER;
    s->decoder->skip_loop_filter = AVDISCARD_ALL;
    return 0;
}

int verify_pictures(struct verify *v, struct err *e)
{
    AUTO(seams_clear) struct seams s = {.v = v};
    int bumper = (int)v->plan.bumper_frames;
    bool plain = true;
    if (open_decoder(&s, e) < 0 || (bumper > 0 && check_bumpers(&s, bumper, &plain, e) < 0) ||
        choose(&s, bumper, plain, e) < 0)
        return -1;
    int result = decode_heard(&s, e);
    v->receipt.decoded = s.out;
    if (result < 0)
        return -1;
    verify_holds(v, RECEIPT_BUMPERS);
    verify_holds(v, RECEIPT_SEAMS);
    return 0;
}
