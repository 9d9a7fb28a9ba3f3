/* What an avcC record says, read from what encoders really write; and that nothing but a whole,
 * plain record or packet is taken. */
#include "core/test/test.h"

#include "media/clip/sets.h"
#include "media/test/clips.h"

#include <libavformat/avformat.h>
#include <libavutil/intreadwrite.h>

struct clip {
    AVFormatContext *fmt;
    const uint8_t *record;
    int bytes;
};

static struct clip open_clip(const char *name, const char *args)
{
    struct clip c = {0};
    clips_make(name, args);
    assert_true(avformat_open_input(&c.fmt, clips_path(name), NULL, NULL) >= 0);
    c.record = c.fmt->streams[0]->codecpar->extradata;
    c.bytes = c.fmt->streams[0]->codecpar->extradata_size;
    return c;
}

#define SOURCE(size) CLIP_PICTURE(size, "25", "0.4")

static void a_record_is_read_as_the_encoder_wrote_it(void **state)
{
    (void)state;
    static const struct {
        const char *args;
        int profile, level, id, width, height, chroma, bits;
        bool frames_only, full_range;
        int matrix;
    } rows[] = {
        {SOURCE("320x180") CLIP_X264, 66, 12, 0, 320, 180, 1, 8, true, false, 2},
        {SOURCE("320x180") "-c:v libx264 -preset veryfast -pix_fmt yuv420p -level 4.1 ", 100, 41, 0,
         320, 180, 1, 8, true, false, 2},
        {SOURCE("1920x1080") "-c:v libx264 -preset ultrafast -profile:v main -x264-params "
                             "cabac=1:sps-id=7 -pix_fmt yuv420p ",
         77, 40, 7, 1920, 1080, 1, 8, true, false, 2},
        {SOURCE("320x180") "-c:v libx264 -preset veryfast -pix_fmt yuv422p ", 122, 12, 0, 320, 180,
         2, 8, true, false, 2},
        {SOURCE("320x180") "-c:v libx264 -preset veryfast -pix_fmt yuv420p10le ", 110, 12, 0, 320,
         180, 1, 10, true, false, 2},
        {SOURCE("320x180") "-c:v libx264 -preset veryfast -pix_fmt yuv420p -flags +ildct+ilme ",
         100, 21, 0, 320, 180, 1, 8, false, false, 2},
        {SOURCE("320x180") "-c:v libx264 -preset veryfast -pix_fmt yuvj420p -colorspace bt709 "
                           "-color_primaries bt709 -color_trc bt709 ",
         100, 12, 0, 320, 180, 1, 8, true, true, 1},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct clip c = open_clip("sets.mp4", rows[i].args);
        struct sets s;
        const char *wrong = sets_read(c.record, c.bytes, &s);
        if (wrong)
            fail_msg("row %zu: %s", i, wrong);
        assert_int_equal(s.length_bytes, 4);
        assert_int_equal(s.sps_count, 1);
        assert_int_equal(s.sps.profile_idc, rows[i].profile);
        assert_int_equal(s.sps.id, rows[i].id);
        assert_int_equal(s.ids, 1u << rows[i].id);
        assert_int_equal(s.sps.width, rows[i].width);
        assert_int_equal(s.sps.height, rows[i].height);
        assert_int_equal(s.sps.chroma_format, rows[i].chroma);
        assert_int_equal(s.sps.luma_bits, rows[i].bits);
        assert_true(s.sps.frames_only == rows[i].frames_only);
        assert_true(s.sps.full_range == rows[i].full_range);
        assert_int_equal(s.sps.matrix, rows[i].matrix);
        if (s.sps.level_idc != rows[i].level)
            fail_msg("row %zu: level %d", i, s.sps.level_idc);
        avformat_close_input(&c.fmt);
    }
}

/* Every part of a record, and every one of its bytes turned: no read goes beyond it (the sanitizer
 * sees to that), and a part is never taken for the whole. */
static void what_is_not_a_whole_record_is_refused(void **state)
{
    (void)state;
    struct clip c = open_clip("whole.mp4", SOURCE("320x180") "-c:v libx264 -preset veryfast "
                                                             "-profile:v main -pix_fmt yuv420p ");
    struct sets s;
    for (int n = 0; n < c.bytes; n++) {
        uint8_t *part = malloc((size_t)n + 1);
        memcpy(part, c.record, (size_t)n);
        uint8_t *tight = realloc(part, (size_t)(n ? n : 1));
        if (!sets_read(tight, n, &s))
            fail_msg("%d of %d bytes were taken", n, c.bytes);
        free(tight);
    }
    for (int i = 0; i < c.bytes; i++)
        for (int b = 0; b < 8; b++) {
            uint8_t *turned = malloc((size_t)c.bytes);
            memcpy(turned, c.record, (size_t)c.bytes);
            turned[i] ^= (uint8_t)(1 << b);
            (void)sets_read(turned, c.bytes, &s);
            free(turned);
        }
    assert_non_null(sets_read(NULL, 0, &s));
    avformat_close_input(&c.fmt);
}

static void two_records_merge_into_one_that_covers_both(void **state)
{
    (void)state;
    struct clip a = open_clip("a.mp4", SOURCE("320x180") "-c:v libx264 -preset veryfast -level 4 "
                                                         "-pix_fmt yuv420p ");
    struct clip b =
        open_clip("b.mp4", SOURCE("320x180") "-c:v libx264 -preset ultrafast "
                                             "-x264-params sps-id=31 -pix_fmt yuv420p ");
    struct sets first, second, both;
    assert_null(sets_read(a.record, a.bytes, &first));
    assert_null(sets_read(b.record, b.bytes, &second));
    assert_int_equal(sets_free_id(&first), 31);
    assert_int_equal(sets_free_id(&second), 30);
    int bytes = 0;
    uint8_t *record = sets_merge(&first, &second, &bytes);
    assert_non_null(record);
    assert_null(sets_read(record, bytes, &both));
    assert_int_equal(both.sps_count, 2);
    assert_int_equal(both.pps_count, 2);
    assert_int_equal(both.ids, 1u | 1u << 31);
    assert_int_equal(record[1], 100); /* High covers Baseline */
    assert_int_equal(record[3], 40);
    assert_memory_equal(record + bytes - 4, ((uint8_t[]){0xfd, 0xf8, 0xf8, 0}), 4);
    free(record);
    avformat_close_input(&a.fmt);
    avformat_close_input(&b.fmt);
}

static void a_packet_is_walked_to_its_end(void **state)
{
    (void)state;
    struct clip c = open_clip("packet.mp4", SOURCE("320x180") CLIP_X264);
    struct sets s;
    bool idr = false;
    assert_null(sets_read(c.record, c.bytes, &s));
    AVPacket *p = av_packet_alloc();
    assert_true(av_read_frame(c.fmt, p) >= 0);
    assert_null(sets_packet(&s, p->data, p->size, &idr));
    assert_true(idr && sets_has_idr(p->data, p->size));
    assert_non_null(sets_packet(&s, p->data, p->size - 1, &idr));
    assert_non_null(sets_packet(&s, p->data, 3, &idr));
    assert_non_null(sets_packet(&s, p->data, 0, &idr));
    for (int type = 0; type < 32; type++) { /* a lone unit of each kind */
        const uint8_t unit[] = {0, 0, 0, 2, (uint8_t)(0x60 | type), 0x80};
        bool picture = type == 1 || type == 5;
        assert_true(!sets_packet(&s, unit, sizeof(unit), &idr) == picture);
        assert_true(sets_has_idr(unit, sizeof(unit)) == (type == 5));
    }
    /* the record's own set may come again, another one may not */
    int n = AV_RB16(c.record + 6);
    uint8_t again[256] = {0};
    AV_WB32(again, n);
    memcpy(again + 4, c.record + 8, (size_t)n);
    memcpy(again + 4 + n, ((uint8_t[]){0, 0, 0, 2, 0x65, 0x80}), 6);
    assert_null(sets_packet(&s, again, 4 + n + 6, &idr));
    again[7] ^= 1; /* its level */
    assert_non_null(sets_packet(&s, again, 4 + n + 6, &idr));
    av_packet_free(&p);
    assert_true(av_read_frame(c.fmt, p = av_packet_alloc()) >= 0);
    assert_null(sets_packet(&s, p->data, p->size, &idr));
    assert_false(idr);
    av_packet_free(&p);
    avformat_close_input(&c.fmt);
}

/* One picture left out: refused at the next that counts on, unless nobody refers to it or an IDR
 * picture comes first. frame_num has 4 bits here and goes round. */
static void a_picture_that_is_missing_is_missed(void **state)
{
    (void)state;
    struct clip c = open_clip(
        "row.mp4",
        CLIP_PICTURE("320x180", "25",
                     "2.4") "-c:v libx264 -preset veryfast -pix_fmt "
                            "yuv420p -x264-params bframes=1:b-adapt=0:keyint=40:scenecut=0 ");
    struct sets s;
    assert_null(sets_read(c.record, c.bytes, &s));
    AVPacket *row[60];
    size_t caught = 0;
    for (size_t i = 0; i < LEN(row); i++) {
        row[i] = av_packet_alloc();
        assert_true(av_read_frame(c.fmt, row[i]) >= 0);
    }
    for (size_t without = 0; without <= LEN(row); without++) {
        const AVPacket *gone = without < LEN(row) ? row[without] : NULL;
        bool matters = gone && gone->data[4] & 0x60;
        const char *wrong = NULL;
        int previous = 0;
        for (size_t i = 0; i < LEN(row) && !wrong; i++) {
            if (i > without && row[i]->flags & AV_PKT_FLAG_KEY)
                matters = false;
            if (row[i] != gone)
                wrong = sets_follows(&s, row[i]->data, row[i]->size, &previous);
            if (wrong)
                assert_true(matters && i > without && i <= without + 2);
        }
        caught += wrong != NULL;
    }
    assert_in_range(caught, LEN(row) / 3, 2 * LEN(row) / 3);
    int previous = 0;
    uint8_t both[65536]; /* two pictures in one packet */
    assert_true((size_t)(row[1]->size + row[2]->size) < sizeof(both));
    memcpy(both, row[1]->data, (size_t)row[1]->size);
    memcpy(both + row[1]->size, row[2]->data, (size_t)row[2]->size);
    assert_non_null(sets_follows(&s, both, row[1]->size + row[2]->size, &previous));
    for (size_t i = 0; i < LEN(row); i++)
        av_packet_free(&row[i]);
    avformat_close_input(&c.fmt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_read_as_the_encoder_wrote_it),
        cmocka_unit_test(what_is_not_a_whole_record_is_refused),
        cmocka_unit_test(two_records_merge_into_one_that_covers_both),
        cmocka_unit_test(a_packet_is_walked_to_its_end),
        cmocka_unit_test(a_picture_that_is_missing_is_missed),
    };
    return cmocka_run_group_tests(tests, clips_begin, clips_end);
}
