/* The sound of a copied reel, packet by packet: which headers let it be copied, what changes or
 * lies on the way, and work that is given up. */
#include "media/test/sound_drive.h"

#include <libavutil/channel_layout.h>

static void only_a_plain_header_lets_packets_be_copied(void **state)
{
    (void)state;
    static const struct {
        uint8_t config[8];
        int bytes, hz, channels;
        bool plain;
    } headers[] = {
        {{0x11, 0x90}, 2, 48000, 2, true},
        {{0x11, 0x88}, 2, 48000, 1, true},
        {{0x12, 0x10}, 2, 44100, 2, true},
        {{0x11, 0x90, 0x56, 0xe5, 0x00}, 5, 48000, 2, true},
        {{0x11, 0x90, 0, 0}, 4, 48000, 2, true},
        {{0x11, 0x90, 0x56, 0xe5, 0x80}, 5, 48000, 2, false},             /* SBR */
        {{0x11, 0x90, 0x56, 0xe5, 0x9d, 0x48, 0x80}, 7, 48000, 2, false}, /* SBR and PS */
        {{0x2b, 0x11, 0x88, 0x00}, 4, 48000, 2, false},                   /* HE-AAC, told first */
        {{0x13, 0x10}, 2, 48000, 2, false},                   /* half the rate: SBR unsaid */
        {{0x11, 0x88}, 2, 48000, 2, false},                   /* mono that comes out stereo */
        {{0x11, 0x94}, 2, 48000, 2, false},                   /* frames of 960 */
        {{0x11, 0x92}, 2, 48000, 2, false},                   /* a core coder */
        {{0x11, 0x91}, 2, 48000, 2, false},                   /* an extension */
        {{0x11, 0x80}, 2, 48000, 2, false},                   /* channels in band */
        {{0x09, 0x90}, 2, 48000, 2, false},                   /* AAC Main */
        {{0x17, 0x80, 0x5d, 0xc0, 0x10}, 5, 48000, 2, false}, /* rate in full */
        {{0x11, 0x90, 0x01}, 3, 48000, 2, false},
        {{0x11}, 1, 48000, 2, false},
        {{0}, 0, 48000, 2, false},
    };
    for (size_t i = 0; i < LEN(headers); i++) {
        AVCodecParameters *c = avcodec_parameters_alloc();
        c->codec_type = AVMEDIA_TYPE_AUDIO;
        c->codec_id = AV_CODEC_ID_AAC;
        c->profile = FF_PROFILE_AAC_LOW;
        c->sample_rate = headers[i].hz;
        av_channel_layout_default(&c->ch_layout, headers[i].channels);
        c->extradata = av_mallocz(sizeof(headers[i].config) + AV_INPUT_BUFFER_PADDING_SIZE);
        c->extradata_size = headers[i].bytes;
        memcpy(c->extradata, headers[i].config, sizeof(headers[i].config));
        AVStream st = {.codecpar = c}, *streams[] = {&st};
        AVFormatContext fmt = {.nb_streams = 1, .streams = streams};
        struct media_input in = {.fmt = &fmt, .audio = 0};
        if (!copy_sound_reason(&in)[0] != headers[i].plain)
            fail_msg("header %zu: \"%s\"", i, copy_sound_reason(&in));
        avcodec_parameters_free(&c);
    }
}

/* A clip whose sound is being taken, as far as the first packets. */
struct taking {
    struct render_order order;
    struct media_job job;
    struct media_plan plan;
    struct mux_clock clock;
    struct media_input in;
    struct copy_sound *sound;
    struct mux *mux;
    AVPacket *packet;
};

static void taking_begin(struct taking *t, const char *clip, bool encode)
{
    struct err e = {0};
    *t = (struct taking){.order = {.profile = profile_default(), .limits = media_limits_default()}};
    t->job = (struct media_job){.order = &t->order};
    t->job.clip_fd = open(clips_path(clip), O_RDONLY | O_CLOEXEC);
    t->job.reel_fd = open(clips_path("reel.mp4"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    t->packet = av_packet_alloc();
    assert_int_equal(
        media_input_open(&t->in, &(struct media_clip){.fd = t->job.clip_fd}, &t->order.limits, &e),
        0);
    assert_int_equal(media_plan_make(&t->in.facts, &t->order, &t->plan, &e), 0);
    t->clock = mux_clock_make(&t->plan, (AVRational){0, 1});
    assert_int_equal(
        copy_sound_open(&t->sound, &t->job, &t->in, &t->plan, t->clock, t->in.first_us, encode, &e),
        0);
    const struct mux_form form = {.picture = t->in.fmt->streams[t->in.video]->codecpar,
                                  .sound = copy_sound_parameters(t->sound),
                                  .clock = t->clock,
                                  .pictures_most = 1000};
    assert_int_equal(mux_open(&t->mux, t->job.reel_fd, &t->plan, &form, &e), 0);
    assert_int_equal(copy_sound_begin(t->sound, t->mux, &e), 0);
}

static void taking_next(struct taking *t)
{
    do {
        av_packet_unref(t->packet);
        assert_int_equal(av_read_frame(t->in.fmt, t->packet), 0);
    } while (t->packet->stream_index != t->in.audio);
}

static void taking_end(struct taking *t)
{
    copy_sound_free(t->sound);
    mux_free(t->mux);
    av_packet_free(&t->packet);
    media_input_close(&t->in);
    close(t->job.clip_fd);
    close(t->job.reel_fd);
}

static void a_header_that_changes_on_the_way_refuses(void **state)
{
    (void)state;
    struct taking t;
    struct err e = {0};
    clips_make("tone.mp4", PICTURE TONE X264 "-ac 2 " AAC);
    taking_begin(&t, "tone.mp4", false);
    for (int times = 0; times < 2; times++) {
        taking_next(&t);
        const AVCodecParameters *c = t.in.fmt->streams[t.in.audio]->codecpar;
        uint8_t *now =
            av_packet_new_side_data(t.packet, AV_PKT_DATA_NEW_EXTRADATA, (size_t)c->extradata_size);
        memcpy(now, c->extradata, (size_t)c->extradata_size);
        now[1] ^= times ? 0x18 : 0; /* the same, then another */
        assert_int_equal(copy_sound_take(t.sound, t.packet, &e), times ? -1 : 0);
    }
    assert_int_equal(e.code, ERR_UNSUPPORTED);
    taking_end(&t);
}

/* Times that no clip should have: the track keeps its length and its steps all the same. */
static void lying_times_do_no_harm(void **state)
{
    (void)state;
    static const int64_t lies[] = {
        INT64_MAX, INT64_MIN + 1, AV_NOPTS_VALUE, INT64_MAX / 2, -48000, 48000 * 3600, 0, 0};
    clips_make("tone.mp4", PICTURE TONE X264 "-ac 2 " AAC);
    for (int encode = 0; encode < 2; encode++) {
        struct taking t;
        struct err e = {0};
        taking_begin(&t, "tone.mp4", encode);
        AUTO(av_packet_free) AVPacket *key = first_picture(t.job.clip_fd, &t.order.limits);
        put_bumper(t.mux, key, t.plan.bumper_frames);
        for (size_t i = 0; i < 100; i++) {
            taking_next(&t);
            if (i % 3 == 0)
                t.packet->pts = t.packet->dts = lies[i / 3 % LEN(lies)];
            if (i % 7 == 0)
                av_packet_free_side_data(t.packet);
            if (i % 11 == 0)
                av_shrink_packet(t.packet, 0);
            assert_int_equal(copy_sound_take(t.sound, t.packet, &e), 0);
        }
        put_bumper(t.mux, key, 25);
        assert_int_equal(copy_sound_end(t.sound, 25 * t.clock.slot, &e), 0);
        put_bumper(t.mux, key, t.plan.bumper_frames);
        assert_int_equal(mux_finish(t.mux, &e), 0);
        taking_end(&t);
        AUTO(heard_clear) struct heard h = hear("reel.mp4", 0);
        check_form("lies", &h, &(struct driven){.body_s = 1, .lead_s = 2});
    }
}

static void work_that_is_given_up_is_cleaned_up(void **state)
{
    (void)state;
    clips_make("tone.mp4", PICTURE TONE X264 "-ac 2 " AAC);
    for (int i = 0; i < 4; i++) {
        struct taking t;
        struct err e = {0};
        taking_begin(&t, "tone.mp4", i % 2);
        for (int n = 0; n < 40 * (i / 2); n++) {
            taking_next(&t);
            assert_int_equal(copy_sound_take(t.sound, t.packet, &e), 0);
        }
        taking_end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_plain_header_lets_packets_be_copied),
        cmocka_unit_test(a_header_that_changes_on_the_way_refuses),
        cmocka_unit_test(lying_times_do_no_harm),
        cmocka_unit_test(work_that_is_given_up_is_cleaned_up),
    };
    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests(tests, clips_begin, clips_end);
}
