/* One pass over the clip's packets. Plan: each picture gets its place on the reel's grid of frames;
 * pictures wait until all that are shown before the next ones are there (a safe point), and go to
 * the mux together; the last safe point that fits the profile's length is the cut. So whatever is
 * in the reel is whole in decoding order and in showing order, and what breaks a rule on the way is
 * found before more than a few pictures have passed. */
#include "media/copy/copy.h"

#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"
#include "media/bumper.h"
#include "media/clip/input.h"
#include "media/clip/packets.h"
#include "media/clip/sets.h"
#include "media/copy/poster.h"
#include "media/copy/recode.h"
#include "media/copy/sound.h"
#include "media/encode/line.h"
#include "media/mux.h"
#include "media/picture.h"
#include "media/report.h"

#include <errno.h>
#include <unistd.h>

enum {
    HELD_MAX = 64,    /* pictures between two safe points; H.264 reorders at most 16 */
    EARLY_MAX = 4096, /* packets of sound before the first picture that is kept */
    DELAY_MAX = 16,   /* of reordering: MaxDpbFrames, H.264 A.3.1 */
    PAST_MAX = 20000, /* packets that are read for the sound alone, after the last picture */
    PERMILLE_START = PERMILLE_OPENED,
    PERMILLE_END = 990,
    POSTER_PART = 3, /* a key picture of the first third is looked at first for the poster */
};

struct copy {
    const struct media_job *job;
    struct media_input *in;
    const struct media_plan *plan;
    const AVStream *picture;
    struct sets sets;
    AVRational frame; /* time base of the grid */
    bool write;
    char *why; /* REASON_SIZE: what was refused */
    bool refused;

    int64_t first_pts; /* of the body, in the stream's time base */
    bool begun;        /* with the first packet that is kept */
    int delay;
    AVPacket *held[HELD_MAX]; /* since the last safe point; pts on the grid */
    int held_count;
    int64_t kept;    /* pictures that are in the reel */
    int64_t bytes;   /* of those of them that are copied */
    int frame_num;   /* of the last picture that others refer to */
    int64_t highest; /* place of the last shown of all seen */
    bool cut;        /* the body is full */
    int64_t past;    /* packets read since */

    AVPacket **early; /* EARLY_MAX places */
    int early_count;
    struct head head;
    struct copy_sound *sound;
    struct bumper bumper;
    struct mux *mux;
    AVPacket *packet, *key; /* key: for the poster, or without data */
};

static void copy_clear(struct copy *c)
{
    for (int i = 0; i < c->held_count; i++)
        av_packet_free(&c->held[i]);
    for (int i = 0; i < c->early_count; i++)
        av_packet_free(&c->early[i]);
    free(c->early);
    head_clear(&c->head);
    copy_sound_free(c->sound); /* joins its thread, which writes to the mux */
    mux_free(c->mux);
    bumper_clear(&c->bumper);
    av_packet_free(&c->packet);
    av_packet_free(&c->key);
}

/* Breaks off without a fault: the encode path is to be taken. */
static int refuse(struct copy *c, const char *why)
{
    c->refused = true;
    str_copy(c->why, REASON_SIZE, why);
    return -1;
}

static void progress(const struct copy *c, int64_t frames)
{
    const struct media_job *job = c->job;
    int64_t most = c->plan->body_frames_max;
    if (job->progress)
        job->progress(job->arg, PERMILLE_START + (int)((PERMILLE_END - PERMILLE_START) *
                                                       (frames < most ? frames : most) / most));
}

/* -- the beginning -- */

static struct bumper_shape shape_of(const struct copy *c, int set_id)
{
    const struct sps *s = &c->sets.sps;
    struct bumper_shape shape = {
        .width = s->width,
        .height = s->height,
        .coded_width = s->coded_width,
        .coded_height = s->coded_height,
        .sar_num = s->sar_num,
        .sar_den = s->sar_den,
        .fps_num = c->plan->fps_num,
        .fps_den = c->plan->fps_den,
        .frames = c->plan->bumper_frames,
        .profile_idc = s->profile_idc,
        .constraints = s->constraints,
        .level_idc = s->level_idc,
        .set_id = set_id,
        .full_range = s->full_range,
        .primaries = s->primaries,
        .transfer = s->transfer,
        .matrix = s->matrix,
        .crf = c->job->order->profile.crf,
    };
    str_copy(shape.preset, sizeof(shape.preset), c->job->order->profile.preset);
    return shape;
}

/* Adds the sets of coded pictures to a record, which is replaced. */
static int add_sets(uint8_t **record, int *bytes, const struct bumper *coded, struct err *e)
{
    struct sets ours, theirs;
    const char *wrong = sets_read(*record, *bytes, &ours);
    if (!wrong)
        wrong = sets_read(coded->sets, coded->sets_bytes, &theirs);
    uint8_t *both = wrong ? NULL : sets_merge(&ours, &theirs, bytes);
    if (!both)
        return err_set(e, ERR_SYSTEM, "copy: headers: %s", wrong ? wrong : "they do not merge");
    free(*record);
    *record = both;
    return 0;
}

/* One track for all: the clip's parameters with the sets of clip, bumper and head. */
static int open_mux(struct copy *c, struct err *e)
{
    AUTO(avcodec_parameters_free) AVCodecParameters *p = avcodec_parameters_alloc();
    int bytes = c->picture->codecpar->extradata_size;
    AUTO(freep) uint8_t *record = mem_new((size_t)bytes);
    memcpy(record, c->picture->codecpar->extradata, (size_t)bytes);
    if (!p || avcodec_parameters_copy(p, c->picture->codecpar) < 0)
        return err_msg(e, MSG_MEMORY_LIMIT, "copy: no memory");
    if ((c->bumper.count > 0 && add_sets(&record, &bytes, &c->bumper, e) < 0) ||
        (c->head.coded.count > 0 && add_sets(&record, &bytes, &c->head.coded, e) < 0))
        return -1;
    av_freep(&p->extradata);
    p->extradata = av_mallocz((size_t)bytes + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!p->extradata)
        return err_msg(e, MSG_MEMORY_LIMIT, "copy: no memory");
    memcpy(p->extradata, record, (size_t)bytes);
    p->extradata_size = bytes;
    const struct mux_form form = {p, copy_sound_parameters(c->sound), c->delay};
    return mux_open(&c->mux, c->job->reel_fd, c->plan, &form, e);
}

static int put_coded(struct copy *c, const struct bumper *b, struct err *e)
{
    mux_segment(c->mux);
    for (int i = 0; i < b->count; i++)
        if (mux_picture(c->mux, b->packets[i], e) < 0)
            return -1;
    mux_segment(c->mux);
    return 0;
}

static int take_sound(struct copy *c, AVPacket *packet, struct err *e)
{
    if (!c->sound) {
        av_packet_unref(packet);
        return 0;
    }
    struct err why = {0};
    int r = copy_sound_take(c->sound, packet, &why);
    if (r < 0 && why.code == ERR_UNSUPPORTED)
        return refuse(c, "its sound changes on the way");
    if (r < 0 && e)
        *e = why;
    return r;
}

/* Everything that needs to know where the body begins. */
static int open_all(struct copy *c, struct err *e)
{
    int64_t origin_us = av_rescale_q(c->first_pts, c->picture->time_base, AV_TIME_BASE_Q);
    const struct bumper_shape shape = shape_of(c, sets_free_id(&c->sets));
    if (c->plan->bumper_frames > 0 && bumper_get(c->job, &shape, &c->bumper, e) < 0)
        return -1;
    if (copy_sound_open(&c->sound, c->job, c->in, c->plan, origin_us, false, e) < 0 ||
        open_mux(c, e) < 0 || copy_sound_begin(c->sound, c->mux, e) < 0 ||
        put_coded(c, &c->bumper, e) < 0 || put_coded(c, &c->head.coded, e) < 0)
        return -1;
    for (int i = 0; i < c->early_count; i++)
        if (take_sound(c, c->early[i], e) < 0)
            return -1;
    return 0;
}

static int frames_of(const struct copy *c, int64_t time)
{
    int64_t n = av_rescale_q_rnd(time, c->picture->time_base, c->frame, AV_ROUND_NEAR_INF);
    return n > INT32_MAX ? INT32_MAX : n < 0 ? -1 : (int)n;
}

/* How many frames pictures are decoded before they are shown. */
static int reordering(const struct copy *c, const AVPacket *p)
{
    int delay = c->picture->codecpar->video_delay;
    if (c->sets.sps.reorder > delay)
        delay = c->sets.sps.reorder;
    if (p->dts != AV_NOPTS_VALUE && frames_of(c, p->pts - p->dts) > delay)
        delay = frames_of(c, p->pts - p->dts);
    return delay;
}

static int begin(struct copy *c, const AVPacket *p, bool idr, struct err *e)
{
    if (!idr || !(p->flags & AV_PKT_FLAG_KEY))
        return refuse(c, "it does not begin with an IDR picture");
    if (c->first_pts == AV_NOPTS_VALUE)
        c->first_pts = p->pts;
    c->begun = true;
    c->delay = reordering(c, p);
    if (c->delay < 0 || c->delay > DELAY_MAX)
        return refuse(c, "its pictures are reordered too far");
    return c->write ? open_all(c, e) : 0;
}

/* -- the body -- */

/* The pictures that were held are certain now. */
static int keep_held(struct copy *c, struct err *e)
{
    for (int i = 0; i < c->held_count; i++) {
        AVPacket *p = c->held[i];
        bool key = p->flags & AV_PKT_FLAG_KEY;
        if (c->key && key && (!c->key->data || c->kept <= c->plan->body_frames_max / POSTER_PART)) {
            av_packet_unref(c->key);
            if (av_packet_ref(c->key, p) < 0)
                return err_msg(e, MSG_MEMORY_LIMIT, "copy: no memory");
        }
        p->pts -= c->head.coded.count;
        c->bytes += p->size;
        if (c->write && mux_picture(c->mux, p, e) < 0)
            return -1;
        av_packet_free(&c->held[i]);
        c->kept++;
    }
    c->held_count = 0;
    progress(c, c->kept);
    return 0;
}

/* Its place on the grid: in *place. The times must be on it, which a constant rate's are. */
static int place_of(struct copy *c, const AVPacket *p, int64_t *place)
{
    int64_t since = p->pts - c->first_pts;
    int64_t n = av_rescale_q_rnd(since, c->picture->time_base, c->frame, AV_ROUND_NEAR_INF);
    int64_t off = since - av_rescale_q_rnd(n, c->frame, c->picture->time_base, AV_ROUND_NEAR_INF);
    int64_t quarter = av_rescale_q(1, c->frame, c->picture->time_base) / 4;
    if (n < 0)
        return refuse(c, "pictures are shown before its first key picture");
    if (llabs(off) > (quarter > 1 ? quarter : 1))
        return refuse(c, "its picture rate varies");
    if (n < c->kept + c->held_count - c->delay)
        return refuse(c, "its pictures are reordered further than it says");
    *place = n;
    return 0;
}

/* Whether the pictures so far are all those up to the highest of them. Two in one place would leave
 * a hole, which is never filled: then no point is safe again. */
static bool is_safe(const struct copy *c)
{
    return c->highest == c->kept + c->held_count - 1;
}

static int hold(struct copy *c, AVPacket *packet, struct err *e)
{
    int64_t place;
    if (place_of(c, packet, &place) < 0)
        return -1;
    for (int i = 0; i < c->held_count; i++)
        if (c->held[i]->pts == place)
            return refuse(c, "two of its pictures have one time");
    if (place < c->kept)
        return refuse(c, "two of its pictures have one time");
    if (c->held_count == HELD_MAX)
        return refuse(c, "a picture is missing");
    AVPacket *p = av_packet_alloc();
    if (!p)
        return err_msg(e, MSG_MEMORY_LIMIT, "copy: no memory");
    av_packet_move_ref(p, packet);
    p->pts = place;
    c->held[c->held_count++] = p;
    if (place > c->highest)
        c->highest = place;
    if (is_safe(c) && keep_held(c, e) < 0)
        return -1;
    c->cut = c->kept + c->held_count >= c->plan->body_frames_max;
    return 0;
}

static int on_picture(struct copy *c, AVPacket *p, struct err *e)
{
    bool idr;
    if (p->pts == AV_NOPTS_VALUE || p->flags & (AV_PKT_FLAG_DISCARD | AV_PKT_FLAG_CORRUPT))
        return refuse(c, "an edit list drops pictures, or they have no time");
    if (av_packet_get_side_data(p, AV_PKT_DATA_NEW_EXTRADATA, NULL) ||
        av_packet_get_side_data(p, AV_PKT_DATA_PARAM_CHANGE, NULL))
        return refuse(c, "its headers change on the way");
    const char *wrong = sets_packet(&c->sets, p->data, p->size, &idr);
    if (wrong)
        return refuse(c, wrong);
    if (!c->begun && begin(c, p, idr, e) < 0)
        return -1;
    wrong = sets_follows(&c->sets, p->data, p->size, &c->frame_num);
    if (wrong)
        return refuse(c, wrong);
    return hold(c, p, e);
}

static int on_sound(struct copy *c, AVPacket *p, struct err *e)
{
    if (!c->write)
        return 0;
    if (c->begun)
        return take_sound(c, p, e);
    if (!c->early)
        c->early = mem_new(EARLY_MAX * sizeof(AVPacket *));
    if (c->early_count == EARLY_MAX)
        return refuse(c, "its sound begins long before its picture");
    AVPacket *copy = av_packet_alloc();
    if (!copy)
        return err_msg(e, MSG_MEMORY_LIMIT, "copy: no memory");
    av_packet_move_ref(copy, p);
    c->early[c->early_count++] = copy;
    return 0;
}

/* -- a start inside the clip -- */

static int head_sound(void *arg, AVPacket *packet, struct err *e)
{
    return on_sound(arg, packet, e);
}

static bool head_is_idr(void *arg, const AVPacket *packet, const char **wrong)
{
    struct copy *c = arg;
    bool idr = false;
    *wrong = sets_packet(&c->sets, packet->data, packet->size, &idr);
    return idr && packet->flags & AV_PKT_FLAG_KEY;
}

/* The pictures before the first that is copied; places on the grid count from them on. */
static int make_head(struct copy *c, struct err *e)
{
    const struct head_calls calls = {head_sound, head_is_idr, c};
    struct sets with = c->sets;
    int id = sets_free_id(&c->sets);
    with.ids |= 1u << id; /* the bumper's */
    const struct bumper_shape shape = shape_of(c, sets_free_id(&with));
    if (shape.set_id < 0)
        return refuse(c, "it uses too many ids of H.264 headers");
    if (head_make(c->in, c->plan, &c->job->order->limits, &shape, &calls, &c->head, e) < 0)
        return -1;
    if (c->head.refused)
        return refuse(c, c->head.refused);
    c->first_pts = c->head.first_pts;
    c->kept = c->head.coded.count;
    c->highest = c->kept - 1;
    return on_picture(c, c->head.idr, e);
}

/* The body has all its pictures; what is left to read is sound that lies further on in the file. */
static bool is_done(struct copy *c)
{
    if (!c->cut)
        return false;
    if (!c->write || c->in->audio < 0 || copy_sound_enough(c->sound, c->kept))
        return true;
    c->in->fmt->streams[c->in->video]->discard = AVDISCARD_ALL;
    return ++c->past > PAST_MAX;
}

static int read_all(struct copy *c, struct err *e)
{
    if (c->plan->start_us > 0 && make_head(c, e) < 0)
        return -1;
    while (!is_done(c)) {
        int r = media_packets_read(c->in, c->packet);
        if (r == AVERROR(ENOMEM))
            return err_msg(e, MSG_MEMORY_LIMIT, "copy: no memory");
        if (r == AVERROR(EAGAIN))
            continue;
        if (c->in->io_errno)
            return err_set(e, ERR_SYSTEM, "copy: reading: %s", strerror(c->in->io_errno));
        if (r < 0)
            break;
        int ok = 0;
        if (c->packet->stream_index == c->in->video && !c->cut)
            ok = on_picture(c, c->packet, e);
        else if (c->packet->stream_index == c->in->audio)
            ok = on_sound(c, c->packet, e);
        av_packet_unref(c->packet);
        if (ok < 0)
            return -1;
    }
    if (c->kept == 0)
        return refuse(c, "it has no pictures that could be copied");
    int64_t copied = c->kept - c->head.coded.count;
    if (copied > 0 &&
        8.0 * (double)c->bytes * c->plan->fps_num / ((double)copied * c->plan->fps_den) >
            copy_bits_most(&c->job->order->profile))
        return refuse(c, "its bit rate is above the profile's");
    /* beyond the cut a few wait in vain for those that they are shown with */
    if (c->held_count > (c->cut ? DELAY_MAX : 0))
        return refuse(c, "a picture is missing");
    return 0;
}

/* -- the end -- */

/* A poster that cannot be had costs no reel. */
static int64_t make_poster(struct copy *c)
{
    int64_t length = av_rescale_q(c->kept, c->frame, c->picture->time_base), bytes = 0;
    AUTO(av_frame_free)
    AVFrame *f =
        copy_poster(c->in, &c->job->order->limits, c->key, c->first_pts, c->first_pts + length);
    struct err ignored;
    return f && media_poster_write(f, c->job->poster_fd, &bytes, &ignored) == 0 ? bytes : 0;
}

static const char *profile_name(int idc)
{
    return idc == 100 ? "High" : idc == 77 ? "Main" : "Baseline";
}

/* What is done to the sound, in the plan's words where it has any. */
static void explain(const struct copy *c, char reason[REASON_SIZE])
{
    const char *sound = copy_sound_reason(c->in), *done = c->plan->reason;
    const char *from = c->head.coded.count > 0 ? " from the next key picture on" : "";
    if (!*sound)
        snprintf(reason, REASON_SIZE, "16:9 H.264, copied with its sound%s", from);
    else if (*done)
        snprintf(reason, REASON_SIZE, "16:9 H.264, its pictures are copied%s; %.120s", from, done);
    else
        snprintf(reason, REASON_SIZE, "16:9 H.264, its pictures are copied%s; %.90s, encoded anew",
                 from, sound);
}

static int finish(struct copy *c, struct render_report *out, struct err *e)
{
    char reason[REASON_SIZE];
    explain(c, reason);
    if (!c->write) {
        out->path = PATH_COPY;
        out->body_us = av_rescale(c->kept * 1000000, c->plan->fps_den, c->plan->fps_num);
        str_copy(out->reason, sizeof(out->reason), reason);
        return 0;
    }
    if (copy_sound_end(c->sound, c->kept, e) < 0 || put_coded(c, &c->bumper, e) < 0 ||
        mux_finish(c->mux, e) < 0)
        return -1;
    const AVCodecParameters *s = copy_sound_parameters(c->sound);
    media_report(c->plan, PATH_COPY, reason, c->mux, c->kept, s->sample_rate,
                 s->ch_layout.nb_channels, profile_name(c->sets.sps.profile_idc), out);
    if (c->key)
        out->poster_bytes = make_poster(c);
    return 0;
}

enum copied media_copy(const struct media_job *job, struct media_input *in,
                       const struct media_plan *plan, bool write, struct render_report *out,
                       char why[REASON_SIZE], struct err *e)
{
    AUTO(copy_clear)
    struct copy c = {.job = job,
                     .in = in,
                     .plan = plan,
                     .picture = in->fmt->streams[in->video],
                     .frame = {plan->fps_den, plan->fps_num},
                     .write = write,
                     .why = why,
                     .first_pts = AV_NOPTS_VALUE,
                     .highest = -1};
    const AVCodecParameters *p = c.picture->codecpar;
    c.packet = av_packet_alloc();
    if (write && job->order->poster && job->poster_fd >= 0)
        c.key = av_packet_alloc();
    if (!c.packet || sets_read(p->extradata, p->extradata_size, &c.sets) != NULL) {
        err_set(e, ERR_SYSTEM, "copy: no memory, or headers that were readable are not");
        return COPY_FAILED;
    }
    if (read_all(&c, e) == 0 && finish(&c, out, e) == 0) {
        progress(&c, plan->body_frames_max);
        return COPY_DONE;
    }
    if (!c.refused)
        return COPY_FAILED;
    if (write && ftruncate(job->reel_fd, 0) < 0) {
        err_set(e, ERR_SYSTEM, "copy: the reel cannot be emptied: %s", strerror(errno));
        return COPY_FAILED;
    }
    return COPY_REFUSED;
}
