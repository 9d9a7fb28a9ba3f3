/* Which packets wait for the first IDR picture, and when they are too many. */
#include "media/copy/head.h"
#include "media/test/clips.h"

#include <libavformat/avformat.h>

enum { PICTURES = 12 };

struct clip {
    AVFormatContext *fmt;
    struct sets sets;
    AVPacket *row[PICTURES];
};

static struct clip open_clip(void)
{
    struct clip c = {0};
    const char *name = "head.mp4";
    clips_make(name, CLIP_PICTURE("320x180", "25", "1") "-c:v libx264 -preset veryfast -pix_fmt "
                                                        "yuv420p -x264-params bframes=0:keyint=6 ");
    assert_true(avformat_open_input(&c.fmt, clips_path(name), NULL, NULL) >= 0);
    const AVCodecParameters *p = c.fmt->streams[0]->codecpar;
    assert_null(sets_read(p->extradata, p->extradata_size, &c.sets));
    for (int i = 0; i < PICTURES; i++) {
        c.row[i] = av_packet_alloc();
        assert_true(av_read_frame(c.fmt, c.row[i]) >= 0);
        c.row[i]->pts = i;
    }
    return c;
}

static void close_clip(struct clip *c)
{
    for (int i = 0; i < PICTURES; i++)
        av_packet_free(&c->row[i]);
    avformat_close_input(&c->fmt);
}

static void pictures_wait_in_the_order_of_decoding(void **state)
{
    (void)state;
    struct clip c = open_clip();
    struct head h;
    head_init(&h);
    for (int i = 2; i < 6; i++)
        assert_null(head_take(&h, &c.sets, c.row[i], false, 100));
    assert_int_equal(h.count, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(h.packets[i]->pts, i + 2);
    assert_int_equal(h.first_pts, 2);
    head_clear(&h);
    assert_int_equal(h.count, 0);
    close_clip(&c);
}

/* What an edit list leaves out counts for nothing, and a later IDR picture needs none of it. */
static void what_is_not_shown_is_dropped_at_an_idr_picture(void **state)
{
    (void)state;
    struct clip c = open_clip();
    struct head h;
    head_init(&h);
    for (int i = 0; i < 9; i++) {
        if (i < 8)
            c.row[i]->flags |= AV_PKT_FLAG_DISCARD;
        assert_null(head_take(&h, &c.sets, c.row[i], i == 0 || i == 6, 1));
        assert_int_equal(h.count, i < 6 ? i + 1 : i - 5);
    }
    assert_int_equal(h.first_pts, 8);
    head_clear(&h);
    close_clip(&c);
}

static void a_reel_has_no_more_of_them_than_its_part(void **state)
{
    (void)state;
    struct clip c = open_clip();
    struct head h;
    head_init(&h);
    c.row[1]->pts = AV_NOPTS_VALUE;
    for (int i = 1; i < 5; i++)
        assert_null(head_take(&h, &c.sets, c.row[i], false, 3));
    const char *wrong = head_take(&h, &c.sets, c.row[5], false, 3);
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, "within the reel's part"));
    head_clear(&h);
    close_clip(&c);
}

static void a_lost_picture_among_them_is_missed(void **state)
{
    (void)state;
    struct clip c = open_clip();
    struct head h;
    head_init(&h);
    assert_null(head_take(&h, &c.sets, c.row[1], false, 100));
    assert_null(head_take(&h, &c.sets, c.row[2], false, 100));
    const char *wrong = head_take(&h, &c.sets, c.row[4], false, 100);
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, "missing"));
    head_clear(&h);
    close_clip(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_wait_in_the_order_of_decoding),
        cmocka_unit_test(what_is_not_shown_is_dropped_at_an_idr_picture),
        cmocka_unit_test(a_reel_has_no_more_of_them_than_its_part),
        cmocka_unit_test(a_lost_picture_among_them_is_missed),
    };
    return cmocka_run_group_tests_name("media-head", tests, clips_begin, clips_end);
}
