#include "core/test/test.h"

#include "core/sniff.h"

#define BYTES(s) s, sizeof(s) - 1

static const struct {
    const char *what, *head;
    size_t len;
    enum sniff is;
} kinds[] = {
    {"mp4",
     BYTES("\0\0\0\x20"
           "ftypisom\0\0\2\0isomiso2avc1mp41"),
     SNIFF_ISO},
    {"mov, index first", BYTES("\0\1\0\0moov\0\0\0\x6cmvhd"), SNIFF_ISO},
    {"mov, wide then data", BYTES("\0\0\0\x08wide\0\0\1\0mdat"), SNIFF_ISO},
    {"mov, long data box", BYTES("\0\0\0\1mdat\0\0\0\0\1\0\0\0"), SNIFF_ISO},
    {"3gp",
     BYTES("\0\0\0\x14"
           "ftyp3gp4\0\0\0\0"),
     SNIFF_ISO},
    {"old mov with a preview", BYTES("\0\0\0\x14pnot\0\0\0\0"), SNIFF_ISO},
    {"webm", BYTES("\x1a\x45\xdf\xa3\x9f\x42\x86\x81"), SNIFF_CLIP},
    {"avi", BYTES("RIFF\x10\x27\0\0AVI LIST"), SNIFF_CLIP},
    {"flv", BYTES("FLV\x01\x05\0\0\0\x09"), SNIFF_CLIP},
    {"wmv", BYTES("\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c\x10"),
     SNIFF_CLIP},
    {"ogg", BYTES("OggS\0\2\0\0"), SNIFF_CLIP},
    {"mpeg-ps", BYTES("\0\0\x01\xba\x44\0\4\0"), SNIFF_CLIP},
    {"mpeg video alone", BYTES("\0\0\x01\xb3\x16\0\xf0"), SNIFF_CLIP},

    {"mxf", BYTES("\x06\x0e\x2b\x34\2\5\1\1\x0d\1\2\1\1\2"), SNIFF_CLIP},
    {"realmedia", BYTES(".RMF\0\0\0\x12"), SNIFF_CLIP},
    {"ivf", BYTES("DKIF\0\0\x20\0VP80"), SNIFF_CLIP},
    {"dv", BYTES("\x1f\7\0\x3f\xf8"), SNIFF_CLIP},
    {"h264 alone", BYTES("\0\0\0\1\x67\x64\0\x1f"), SNIFF_CLIP},
    {"h264 alone, an access unit first", BYTES("\0\0\0\1\x09\xf0\0\0\0\1"), SNIFF_CLIP},
    {"hevc alone", BYTES("\0\0\1\x40\1\x0c"), SNIFF_CLIP},
    {"av1 alone", BYTES("\x12\0\x0a\x0b\0"), SNIFF_CLIP},
    {"mpeg-4 alone", BYTES("\0\0\1\xb0\1\0\0\1\xb5"), SNIFF_CLIP},
    {"motion jpeg 2000",
     BYTES("\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14"
           "ftypmjp2"),
     SNIFF_ISO},

    {"jpeg 2000",
     BYTES("\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14"
           "ftypjp2 "),
     SNIFF_IMAGE},
    {"png that moves",
     BYTES("\x89PNG\r\n\x1a\n\0\0\0\2IHDRabSUM.\0\0\0\x08"
           "acTL"),
     SNIFF_PICTURE},
    {"png that stands",
     BYTES("\x89PNG\r\n\x1a\n\0\0\0\2IHDRabSUM.\0\0\0\x08"
           "IDAT\0\0\0\0\0\0\0\0SUM.\0\0\0\x08"
           "acTL"),
     SNIFF_IMAGE},
    {"webp that moves", BYTES("RIFF\x10\0\0\0WEBPVP8X\x0a\0\0\0\x12\0\0\0"), SNIFF_WEBP},
    {"webp that stands", BYTES("RIFF\x10\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0"), SNIFF_IMAGE},
    {"bmp", BYTES("BMabcd\0\0\0\0"), SNIFF_IMAGE},
    {"icon", BYTES("\0\0\1\0\1\0\x10\x10"), SNIFF_IMAGE},
    {"tiff", BYTES("II*\0\x08\0\0\0"), SNIFF_IMAGE},

    {"hls", BYTES("#EXTM3U\n#EXT-X-VERSION:3\n"), SNIFF_PLAYLIST},
    {"hls behind a mark and blanks", BYTES("\xef\xbb\xbf \r\n#EXTM3U\n"), SNIFF_PLAYLIST},
    {"concat", BYTES("ffconcat version 1.0\nfile /etc/passwd\n"), SNIFF_PLAYLIST},
    {"concat without its line", BYTES("file 'free.mp4'\nfile 'b.mp4'\n"), SNIFF_PLAYLIST},
    {"dash", BYTES("<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn\">"), SNIFF_PLAYLIST},
    {"sdp", BYTES("v=0\r\no=- 0 0 IN IP4 1.2.3.4\r\nm=video 5004 RTP/AVP 96\r\n"), SNIFF_PLAYLIST},
    {"pls", BYTES("[playlist]\nFile1=http://x/y.mp4\n"), SNIFF_PLAYLIST},
    {"quicktime reference", BYTES("RTSPtextRTSP://host/clip"), SNIFF_PLAYLIST},
    {"an address", BYTES("HTTP://host/clip.mp4"), SNIFF_PLAYLIST},

    {"nothing", BYTES(""), SNIFF_OTHER},
    {"a byte", BYTES("a"), SNIFF_OTHER},
    {"seven of eight bytes",
     BYTES("\0\0\0\x20"
           "fty"),
     SNIFF_OTHER},
    {"a box smaller than itself", BYTES("\0\0\0\7ftypisom"), SNIFF_OTHER},
    {"jpeg", BYTES("\xff\xd8\xff\xe0\0\x10JFIF"), SNIFF_PICTURE},
    {"png", BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), SNIFF_IMAGE},
    {"gif", BYTES("GIF89a\1\0\1\0"), SNIFF_PICTURE},
    {"webp", BYTES("RIFF\x10\0\0\0WEBPVP8 "), SNIFF_IMAGE},
    {"wave", BYTES("RIFF\x10\0\0\0WAVEfmt "), SNIFF_SOUND},
    {"heic",
     BYTES("\0\0\0\x18"
           "ftypheic\0\0\0\0mif1"),
     SNIFF_PICTURE},
    {"avif",
     BYTES("\0\0\0\x18"
           "ftypavif\0\0\0\0mif1"),
     SNIFF_PICTURE},
    {"mp3", BYTES("ID3\4\0\0\0\0\0\x23TSSE"), SNIFF_SOUND},
    {"mp3 frame", BYTES("\xff\xfb\x90\x64\0\0"), SNIFF_SOUND},
    {"flac", BYTES("fLaC\0\0\0\x22"), SNIFF_SOUND},
    {"zip", BYTES("PK\3\4\x14\0\0\0"), SNIFF_OTHER},
    {"pdf", BYTES("%PDF-1.7\n"), SNIFF_OTHER},
    {"elf",
     BYTES("\x7f"
           "ELF\2\1\1\0"),
     SNIFF_OTHER},
    {"html", BYTES("<!doctype html><title>free</title>"), SNIFF_OTHER},
    {"a text", BYTES("v=0 is a fine assignment"), SNIFF_OTHER},
};

static void what_a_file_is_shows_in_its_first_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(kinds); i++)
        if (sniff((const uint8_t *)kinds[i].head, kinds[i].len) != kinds[i].is)
            fail_msg("%s: %d", kinds[i].what, sniff((const uint8_t *)kinds[i].head, kinds[i].len));
}

static void a_transport_stream_is_told_by_its_rhythm(void **state)
{
    (void)state;
    static const struct {
        size_t packet, first;
        int packets;
        enum sniff is;
    } rows[] = {
        {188, 0, 8, SNIFF_CLIP},   {192, 4, 8, SNIFF_CLIP},  {204, 0, 8, SNIFF_CLIP},
        {188, 100, 8, SNIFF_CLIP}, {188, 0, 4, SNIFF_CLIP},  {188, 0, 3, SNIFF_OTHER},
        {187, 0, 8, SNIFF_OTHER},  {208, 0, 8, SNIFF_OTHER},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        uint8_t head[SNIFF_WINDOW] = {0};
        for (int n = 0; n < rows[i].packets; n++)
            head[rows[i].first + (size_t)n * rows[i].packet] = 0x47;
        if (sniff(head, sizeof(head)) != rows[i].is)
            fail_msg("row %zu", i);
    }
}

static void any_cut_of_a_head_is_read_within_its_length(void **state)
{
    (void)state;
    static const char *const heads[] = {"\x89PNG\r\n\x1a\n", "\xef\xbb\xbf   ",
                                        "v=0\nm=", "<?xml <MP", "RIFFabcdAVI "};
    for (size_t i = 0; i < LEN(heads); i++)
        for (size_t n = 0; n <= strlen(heads[i]); n++) {
            uint8_t *exact = mem_new(n); /* AddressSanitizer guards its end */
            memcpy(exact, heads[i], n);
            (void)sniff(exact, n);
            free(exact);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_file_is_shows_in_its_first_bytes),
        cmocka_unit_test(a_transport_stream_is_told_by_its_rhythm),
        cmocka_unit_test(any_cut_of_a_head_is_read_within_its_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
