/* What an avcC record says, read from what encoders really write; and that nothing but a whole,
 * plain record or packet is taken. */
#include "core/test/test.h"

#include "media/clip/bits.h"
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

/* -- headers with numbers that no encoder writes -- */

/* One syntax element. */
struct field {
    int count;      /* bits of u(n), at the value; 0: ue(v) or se(v) */
    uint32_t value; /* that is valid; of se(v): its code number */
    uint32_t most;  /* that is taken; BITS_UE_MAX: any */
};
#define U(count, value)                                                                            \
    {                                                                                              \
        count, value, 0                                                                            \
    }
#define ANY(value)                                                                                 \
    {                                                                                              \
        0, value, BITS_UE_MAX                                                                      \
    }

/* 7.3.2.1.1 of High profile, up to the order of pictures; 320x176. */
#define SPS_BEGIN                                                                                  \
    U(8, 100), U(8, 0), U(8, 30), {0, 3, 31}, {0, 1, 3}, {0, 0, 6}, {0, 0, 6}, U(2, 1), U(1, 1),   \
        {0, 16, 256}, /* delta_scale -8 ends the first list */                                     \
        U(7, 0),                                                                                   \
    {                                                                                              \
        0, 0, 12                                                                                   \
    }
/* From the reference frames on, with all that E.1.1 has. */
#define SPS_END                                                                                    \
    ANY(1), U(1, 0), {0, 19, 1023}, {0, 10, 1023}, U(3, 7), {0, 0, 0}, {0, 0, 159}, {0, 0, 0},     \
        {0, 0, 87}, U(1, 1), U(3, 0), U(1, 1), ANY(0), ANY(0), U(1, 1), U(32, 1), U(32, 50),       \
        U(1, 1), U(1, 1), {0, 0, 31}, U(8, 0), ANY(0), ANY(0), U(1, 0), U(20, 0), U(1, 0),         \
        U(2, 0), U(2, 3), ANY(0), ANY(0), ANY(0), ANY(0), {0, 0, 16}, ANY(1)
static const struct field sps_lsb[] = {SPS_BEGIN, {0, 0, 0}, {0, 0, 12}, SPS_END};
static const struct field sps_cycle[] = {SPS_BEGIN, {0, 1, 1},   U(1, 0), ANY(0),
                                         ANY(0),    {0, 1, 255}, ANY(0),  SPS_END};
static const struct field pps_begin[] = {{0, 3, 255}, {0, 3, 31}, U(6, 0)};
static const struct field slice_begin[] = {ANY(0), ANY(7), {0, 3, 255}, U(4, 1), U(4, 0)};

/* A unit whose field number `which` has another value. */
static size_t write_unit(uint8_t *to, size_t room, uint8_t header, const struct field *f,
                         size_t count, size_t which, uint32_t value)
{
    struct bits_writer w = bits_write(to, room, header);
    for (size_t i = 0; i < count; i++)
        if (f[i].count)
            bits_put_u(&w, f[i].value, f[i].count);
        else
            bits_put_ue(&w, i == which ? value : f[i].value);
    size_t n = bits_write_end(&w);
    assert_true(n > 0);
    return n;
}

static int write_record(uint8_t *to, const uint8_t *sps, size_t sps_bytes, const uint8_t *pps,
                        size_t pps_bytes)
{
    uint8_t *at = to;
    memcpy(at, ((uint8_t[]){1, 100, 0, 30, 0xff, 0xe1}), 6);
    AV_WB16(at + 6, (unsigned)sps_bytes);
    memcpy(at + 8, sps, sps_bytes);
    at += 8 + sps_bytes;
    *at++ = 1;
    AV_WB16(at, (unsigned)pps_bytes);
    memcpy(at + 2, pps, pps_bytes);
    return (int)(at + 2 + pps_bytes - to);
}

struct made {
    uint8_t unit[2][512], record[1024]; /* SPS and PPS, and both in a record */
    int bytes;
};

/* A record with one field of one of its two sets turned into `value`. */
static const char *read_with(const struct field *sps, size_t sps_count, bool in_pps, size_t which,
                             uint32_t value, struct made *m, struct sets *s)
{
    size_t none = SIZE_MAX;
    size_t a = write_unit(m->unit[0], sizeof(m->unit[0]), 0x67, sps, sps_count,
                          in_pps ? none : which, value);
    size_t b = write_unit(m->unit[1], sizeof(m->unit[1]), 0x68, pps_begin, LEN(pps_begin),
                          in_pps ? which : none, value);
    m->bytes = write_record(m->record, m->unit[0], a, m->unit[1], b);
    return sets_read(m->record, m->bytes, s);
}

static const uint32_t hostile[] = {INT32_MAX - 8U, INT32_MAX - 7U, INT32_MAX - 4U, INT32_MAX - 3U,
                                   INT32_MAX - 1U, INT32_MAX,      INT32_MAX + 1U, INT32_MAX + 4U,
                                   UINT32_MAX - 8, UINT32_MAX - 4, UINT32_MAX - 3, UINT32_MAX - 2,
                                   BITS_UE_MAX};

static void check_field(const struct field *sps, size_t count, bool in_pps, size_t which)
{
    const struct field *f = in_pps ? &pps_begin[which] : &sps[which];
    struct made m;
    struct sets s;
    if (f->count)
        return;
    for (size_t i = 0; i < LEN(hostile); i++) {
        bool taken = !read_with(sps, count, in_pps, which, hostile[i], &m, &s);
        if (taken != (f->most == BITS_UE_MAX))
            fail_msg("%s field %zu: %u was %s", in_pps ? "PPS" : "SPS", which, hostile[i],
                     taken ? "taken" : "refused");
    }
    if (f->most != BITS_UE_MAX && !read_with(sps, count, in_pps, which, f->most + 1, &m, &s) &&
        f->most > 1) /* 0 and 1: another form begins there */
        fail_msg("%s field %zu: %u was taken", in_pps ? "PPS" : "SPS", which, f->most + 1);
}

/* The sanitizer for undefined behaviour sees what is done with them. */
static void numbers_out_of_range_in_headers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const struct field *f;
        size_t count;
        int order_type;
    } forms[] = {{sps_lsb, LEN(sps_lsb), 0}, {sps_cycle, LEN(sps_cycle), 1}};
    for (size_t k = 0; k < LEN(forms); k++) {
        struct made m;
        struct sets s;
        assert_null(read_with(forms[k].f, forms[k].count, false, SIZE_MAX, 0, &m, &s));
        assert_int_equal(s.sps.id, 3);
        assert_int_equal(s.sps.width, 320);
        assert_int_equal(s.sps.height, 176);
        assert_int_equal(s.sps.order_type, forms[k].order_type);
        assert_int_equal(s.sps.reorder, 0);
        for (size_t i = 0; i < forms[k].count; i++)
            check_field(forms[k].f, forms[k].count, false, i);
        for (size_t i = 0; i < LEN(pps_begin); i++)
            check_field(forms[k].f, forms[k].count, true, i);
    }
}

static void numbers_out_of_range_in_slices_are_refused(void **state)
{
    (void)state;
    struct made m;
    struct sets s;
    assert_null(read_with(sps_lsb, LEN(sps_lsb), false, SIZE_MAX, 0, &m, &s));
    for (size_t which = 0; which < 3; which++)
        for (size_t i = 0; i < LEN(hostile); i++) {
            uint8_t packet[64];
            int previous = 0;
            size_t n = write_unit(packet + 4, sizeof(packet) - 4, 0x41, slice_begin,
                                  LEN(slice_begin), which, hostile[i]);
            AV_WB32(packet, (uint32_t)n);
            struct order o;
            bool taken = sets_order(&s, (struct units){packet, packet + 4 + n, 4, false}, &o);
            assert_int_equal(taken, slice_begin[which].most == BITS_UE_MAX);
            assert_int_equal(!sets_follows(&s, packet, 4 + (int)n, &previous), taken);
            assert_int_equal(previous, taken ? 1 : 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_read_as_the_encoder_wrote_it),
        cmocka_unit_test(what_is_not_a_whole_record_is_refused),
        cmocka_unit_test(two_records_merge_into_one_that_covers_both),
        cmocka_unit_test(a_packet_is_walked_to_its_end),
        cmocka_unit_test(a_picture_that_is_missing_is_missed),
        cmocka_unit_test(numbers_out_of_range_in_headers_are_refused),
        cmocka_unit_test(numbers_out_of_range_in_slices_are_refused),
    };
    return cmocka_run_group_tests(tests, clips_begin, clips_end);
}
