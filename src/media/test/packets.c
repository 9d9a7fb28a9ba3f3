/* Packets in one form, whatever the container; and units of pieces that nobody vouches for. */
#include "media/clip/packets.h"

#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "media/clip/sets.h"
#include "media/test/clips.h"

#include <libavutil/intreadwrite.h>

enum { RATE = 25 };

/* What was read of a clip. */
struct seen {
    int pictures, sounds, sets, timed;
    int64_t last;
};

static void look_at(const struct sets *sets, const AVPacket *p, struct seen *s)
{
    struct units u = {p->data, p->data + p->size, 4, false};
    const uint8_t *nal;
    size_t len;
    bool idr;
    const char *wrong = sets_packet(sets, p->data, p->size, &idr);
    if (wrong)
        fail_msg("picture %d: %s", s->pictures, wrong);
    assert_int_equal(idr, s->pictures % RATE == 0);
    while ((nal = units_next(&u, &len)))
        s->sets += (nal[0] & 31) >= UNIT_SPS;
    s->pictures++;
    s->timed += p->pts != AV_NOPTS_VALUE;
}

static struct seen read_all(const char *name, bool sound_is_raw)
{
    AUTO(media_input_close) struct media_input in = {0};
    AUTO(fd_closep) int fd = open(clips_path(name), O_RDONLY | O_CLOEXEC);
    const struct media_clip clip = {.fd = fd};
    struct media_limits limits = media_limits_default();
    struct sets sets;
    struct err e = {0};
    struct seen s = {0};
    if (media_input_open(&in, &clip, &limits, &e) < 0)
        fail_msg("%s: %s", name, e.text);
    assert_int_equal(media_packets_open(&in), 0);
    const AVCodecParameters *c = in.fmt->streams[in.video]->codecpar;
    assert_null(sets_read(c->extradata, c->extradata_size, &sets));
    assert_int_equal(sets.length_bytes, 4);
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    while (media_packets_read(&in, p) >= 0) {
        if (p->stream_index == in.video)
            look_at(&sets, p, &s);
        else if (sound_is_raw)
            assert_false(p->size > 1 && p->data[0] == 0xff && (p->data[1] & 0xf0) == 0xf0);
        s.sounds += p->stream_index == in.audio;
        av_packet_unref(p);
    }
    if (sound_is_raw)
        assert_int_equal(in.fmt->streams[in.audio]->codecpar->extradata_size >= 2, 1);
    return s;
}

static void each_container_gives_packets_of_one_form(void **state)
{
    (void)state;
    static const struct {
        const char *name, *args;
        bool raw;
    } rows[] = {
        {"form.mp4", "-c:a aac -b:v 200k ", true},
        {"form.mkv", "-c:a aac ", true},
        {"form.ts", "-c:a aac ", true},
        {"form.m2ts", "-c:a ac3 ", false},
        {"form.flv", "-c:a aac -ar 44100 ", true},
        {"form.avi", "-c:a pcm_s16le ", false},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        char args[512];
        snprintf(args, sizeof(args),
                 CLIP_PICTURE("320x180", "25", "2") CLIP_SOUND(
                     "2") "-c:v libx264 -preset veryfast -pix_fmt yuv420p -x264-params "
                          "keyint=25:scenecut=0:bframes=3:b-adapt=0:b-pyramid=normal:aud=1 %s",
                 rows[i].args);
        clips_make(rows[i].name, args);
        struct seen s = read_all(rows[i].name, rows[i].raw);
        assert_int_equal(s.pictures, 2 * RATE);
        assert_int_equal(s.timed, s.pictures);
        assert_int_equal(s.sets, 0);
        assert_true(s.sounds > 10);
    }
}

static void units_are_the_same_behind_codes_and_lengths(void **state)
{
    (void)state;
    static const uint8_t coded[] = {0, 0, 0, 1, 9,    16, 0, 0, 1, 0x65, 1, 0, 0,    3, 1, 0,
                                    0, 0, 0, 1, 0x41, 7,  0, 0, 1, 0,    0, 1, 0x41, 0, 0};
    static const uint8_t want[] = {9, 0x65, 0x41, 0x41};
    static const size_t sizes[] = {2, 6, 2, 1};
    for (int bytes = 0; bytes <= 4; bytes++) {
        uint8_t data[64], *to = data;
        struct units from = {coded, coded + sizeof(coded), 0, false};
        const uint8_t *nal;
        size_t len;
        while (bytes && (nal = units_next(&from, &len))) {
            memset(to, 0, (size_t)bytes);
            to[bytes - 1] = (uint8_t)len;
            memcpy(to + bytes, nal, len);
            to += (size_t)bytes + len;
        }
        struct units u = bytes ? (struct units){data, to, bytes, false}
                               : (struct units){coded, coded + sizeof(coded), 0, false};
        for (size_t i = 0; i < LEN(want); i++) {
            nal = units_next(&u, &len);
            assert_non_null(nal);
            assert_int_equal(nal[0], want[i]);
            assert_int_equal(len, sizes[i]);
        }
        assert_null(units_next(&u, &len));
        assert_false(u.bad);
    }
}

/* Of any bytes: every unit lies inside, and it ends. */
static void no_bytes_lead_out_of_a_piece(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (int n = 0; n < 20000; n++) {
        int size = n % 40, bytes = n / 40 % 5;
        AUTO(freep) uint8_t *data = malloc((size_t)size + 1);
        for (int i = 0; i < size; i++) {
            random = random * 1664525 + 1013904223;
            data[i] = (uint8_t)(random >> 24) >> (random >> 20 & 7);
        }
        struct units u = {data, data + size, bytes, false};
        const uint8_t *nal, *before = data;
        size_t len;
        while ((nal = units_next(&u, &len))) {
            assert_true(len > 0 && nal >= before && nal + len <= data + size);
            before = nal + len;
        }
    }
}

int main(void)
{
    media_warm_up();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_container_gives_packets_of_one_form),
        cmocka_unit_test(units_are_the_same_behind_codes_and_lengths),
        cmocka_unit_test(no_bytes_lead_out_of_a_piece),
    };
    return cmocka_run_group_tests(tests, clips_begin, clips_end);
}
