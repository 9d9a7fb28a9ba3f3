/* Checks the times in the index. A reel decodes and shows one picture in each frame, and its sound
 * is one continuous row of samples. So every time is known beforehand, and any other time is a
 * fault. When the body keeps its clip's times, the bumpers' times are still known; the body's times
 * must rise and obey pace.h. */
#include "core/mem.h"
#include "media/pace.h"
#include "media/receipt/verify_impl.h"

#include <libavutil/mathematics.h>

enum {
    SOUND_SAMPLES = 1024, /* in a packet of AAC-LC */
    SYNC_MAX_US = 20000,
};

/* The part of the reel that a picture belongs to: it is decoded and shown in the same one. */
static int part_of(const struct verify *v, int64_t place)
{
    int64_t bumper = v->plan.bumper_frames;
    return place < bumper ? 0 : place < v->picture->count - bumper ? 1 : 2;
}

/* -- a constant rate -- */

static int check_picture(const struct verify *v, int i, uint8_t *taken, struct err *e)
{
    const struct reel_track *t = v->picture;
    const struct reel_packet *p = &t->packets[i];
    int64_t next = i + 1 < t->count ? t->packets[i + 1].dts : t->end;
    if (next - p->dts != v->slot)
        return verify_fails(e, RECEIPT_TIMES, "picture %d takes %lld ticks, not %lld", i,
                            (long long)(next - p->dts), (long long)v->slot);
    int64_t since = p->pts - t->skipped, place = since / v->slot;
    if (p->pts < p->dts || since < 0 || since % v->slot || place >= t->count)
        return verify_fails(e, RECEIPT_TIMES, "picture %d is shown at %lld ticks, between frames",
                            i, (long long)since);
    if (taken[place])
        return verify_fails(e, RECEIPT_TIMES, "two pictures are shown in frame %lld",
                            (long long)place);
    if (part_of(v, i) != part_of(v, place))
        return verify_fails(e, RECEIPT_TIMES, "picture %d is shown beyond a seam, in frame %lld", i,
                            (long long)place);
    taken[place] = 1;
    return 0;
}

static int check_slots(struct verify *v, struct err *e)
{
    const struct reel_track *t = v->picture;
    AUTO(freep) uint8_t *taken = mem_new((size_t)t->count);
    for (int i = 0; i < t->count; i++)
        if (check_picture(v, i, taken, e) < 0)
            return -1;
    v->seams[0] = v->plan.bumper_frames * v->slot;
    v->seams[1] = (t->count - v->plan.bumper_frames) * v->slot;
    v->end = t->count * v->slot;
    return 0;
}

/* -- a rate that varies -- */

static int rising(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Checks that each picture is decoded after the previous one, before it is shown, and in its part.
 */
static int check_decoding(const struct verify *v, const int64_t *shown, struct err *e)
{
    const struct reel_track *t = v->picture;
    for (int i = 0; i < t->count; i++) {
        const struct reel_packet *p = &t->packets[i];
        int64_t next = i + 1 < t->count ? t->packets[i + 1].dts : t->end;
        if (next <= p->dts || p->pts < p->dts)
            return verify_fails(e, RECEIPT_TIMES, "picture %d takes %lld ticks, shown %lld later",
                                i, (long long)(next - p->dts), (long long)(p->pts - p->dts));
        int64_t since = p->pts - t->skipped;
        const int64_t *place = bsearch(&since, shown, (size_t)t->count, sizeof(since), rising);
        if (part_of(v, i) != part_of(v, place - shown))
            return verify_fails(e, RECEIPT_TIMES, "picture %d is shown beyond a seam, as number %d",
                                i, (int)(place - shown));
    }
    return 0;
}

/* Players search a key picture by its decode time and add the first picture's distance between its
 * two times. A key picture that is found before it is shown hides the pictures before it. This
 * cannot happen at a constant rate. */
static int check_searching(const struct verify *v, struct err *e)
{
    const struct reel_track *t = v->picture;
    int64_t delay = t->packets[0].pts - t->packets[0].dts, first = INT64_MAX;
    for (int i = t->count - 1; i >= 0; i--) {
        const struct reel_packet *p = &t->packets[i];
        first = p->pts < first ? p->pts : first;
        if (p->key && first - p->dts > delay)
            return verify_fails(e, RECEIPT_TIMES, "key picture %d is found %lld ticks early", i,
                                (long long)(first - p->dts - delay));
    }
    return 0;
}

/* A bumper's pictures are shown for a slot each, and nothing else is shown before its end. */
static int check_bumper(const struct verify *v, const int64_t *shown, int first, struct err *e)
{
    for (int i = first; i < first + v->plan.bumper_frames; i++) {
        int64_t next = i + 1 < v->picture->count ? shown[i + 1] : v->end;
        if (next - shown[i] != v->slot)
            return verify_fails(e, RECEIPT_TIMES, "picture %d is shown for %lld ticks, not %lld", i,
                                (long long)(next - shown[i]), (long long)v->slot);
    }
    return 0;
}

static int check_body(const struct verify *v, const int64_t *shown, struct err *e)
{
    int first = (int)v->plan.bumper_frames, end = v->picture->count - first;
    struct pace pace;
    pace_init(&pace, v->picture->ticks_per_s, &v->job->order->profile);
    for (int i = first; i < end; i++) {
        const char *wrong = pace_take(&pace, shown[i]);
        if (wrong)
            return verify_fails(e, RECEIPT_TIMES, "picture %d: %s", i, wrong);
    }
    int64_t last_us = verify_us(v, v->seams[1] - shown[end - 1]);
    if (last_us <= 0 || last_us > PACE_LONGEST_US)
        return verify_fails(e, RECEIPT_TIMES, "the body's last picture is shown for %lld us",
                            (long long)last_us);
    return 0;
}

static int check_paced(struct verify *v, struct err *e)
{
    const struct reel_track *t = v->picture;
    int bumper = (int)v->plan.bumper_frames, n = t->count;
    if (n <= 2 * bumper)
        return verify_fails(e, RECEIPT_LENGTH, "%d pictures: nothing of the clip is in it", n);
    AUTO(freep) int64_t *shown = mem_new((size_t)n * sizeof(*shown));
    for (int i = 0; i < n; i++)
        shown[i] = t->packets[i].pts - t->skipped;
    qsort(shown, (size_t)n, sizeof(*shown), rising);
    if (shown[0] != 0)
        return verify_fails(e, RECEIPT_TIMES, "the first picture is shown at %lld ticks",
                            (long long)shown[0]);
    v->end = shown[n - 1] + v->slot;
    v->seams[0] = shown[bumper];
    v->seams[1] = bumper ? shown[n - bumper] : v->end;
    return check_decoding(v, shown, e) < 0 || check_bumper(v, shown, 0, e) < 0 ||
                   check_body(v, shown, e) < 0 || check_bumper(v, shown, n - bumper, e) < 0 ||
                   check_searching(v, e) < 0
               ? -1
               : 0;
}

/* -- both -- */

static int check_pictures(struct verify *v, struct err *e)
{
    const struct reel_track *t = v->picture;
    if (t->odd_edits || t->empty_us)
        return verify_fails(e, RECEIPT_TIMES, "the pictures' edit list is not a plain one");
    if ((v->varies ? check_paced(v, e) : check_slots(v, e)) < 0)
        return -1;
    int64_t off_us = t->shown_us - verify_us(v, v->end);
    if (llabs(off_us) > verify_us(v, v->slot) / 2)
        return verify_fails(e, RECEIPT_TIMES,
                            "pictures are said to last %lld us longer than they do",
                            (long long)off_us);
    return 0;
}

static int check_sounds(struct verify *v, struct err *e)
{
    const struct reel_track *t = v->sound;
    if (t->odd_edits)
        return verify_fails(e, RECEIPT_TIMES, "the sound's edit list is not a plain one");
    if (t->ticks_per_s != v->in.facts.audio_hz)
        return verify_fails(e, RECEIPT_TIMES, "sound of %d Hz has a clock of %lld",
                            v->in.facts.audio_hz, (long long)t->ticks_per_s);
    for (int i = 0; i < t->count; i++) {
        bool last = i + 1 == t->count;
        int64_t samples = (last ? t->end : t->packets[i + 1].dts) - t->packets[i].dts;
        if (t->packets[i].pts != t->packets[i].dts || samples > SOUND_SAMPLES || samples <= 0 ||
            (samples < SOUND_SAMPLES && !last))
            return verify_fails(e, RECEIPT_TIMES,
                                "packet %d of the sound takes %lld samples, not %d", i,
                                (long long)samples, SOUND_SAMPLES);
    }
    return 0;
}

int verify_times(struct verify *v, struct err *e)
{
    v->receipt.pictures = v->picture->count;
    v->receipt.sounds = v->sound->count;
    if (check_pictures(v, e) < 0 || check_sounds(v, e) < 0)
        return -1;
    verify_holds(v, RECEIPT_TIMES);
    return 0;
}

static int64_t sound_end_us(const struct reel_track *t)
{
    int64_t there = av_rescale(t->end - t->skipped, 1000000, t->ticks_per_s);
    return t->empty_us + (t->shown_us < there ? t->shown_us : there);
}

/* How much later sound is heard than it was sampled, at reel time at_us: the delay by its edit list
 * and, before its begin or after its end, the distance to it. */
static int64_t sound_late_us(const struct reel_track *t, int64_t at_us)
{
    int64_t end_us = sound_end_us(t);
    return end_us < at_us ? end_us - at_us : t->empty_us;
}

int verify_sync(struct verify *v, struct err *e)
{
    static const char *const where[] = {"the first seam", "the second seam", "the end"};
    int64_t *sync = v->receipt.sync_us;
    sync[0] = sound_late_us(v->sound, verify_us(v, v->seams[0]));
    sync[1] = sound_late_us(v->sound, verify_us(v, v->seams[1]));
    sync[2] = sound_end_us(v->sound) - verify_us(v, v->end);
    for (size_t i = 0; i < LEN(v->receipt.sync_us); i++)
        if (llabs(sync[i]) > SYNC_MAX_US)
            return verify_fails(e, RECEIPT_SYNC, "at %s sound is %lld us late", where[i],
                                (long long)sync[i]);
    int64_t off_us = v->index.shown_us - verify_us(v, v->end);
    if (llabs(off_us) > SYNC_MAX_US)
        return verify_fails(e, RECEIPT_SYNC, "it is said to last %lld us longer than its pictures",
                            (long long)off_us);
    verify_holds(v, RECEIPT_SYNC);
    return 0;
}
