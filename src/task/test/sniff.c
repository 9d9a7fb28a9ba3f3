#include "core/test/test.h"

#include "task/sniff.h"

#define BYTES(s) s, sizeof(s) - 1

static void what_a_file_is_shows_in_its_first_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *what, *head;
        size_t len;
        enum sniff is;
    } rows[] = {
        {"mp4",
         BYTES("\0\0\0\x20"
               "ftypisom\0\0\2\0isomiso2avc1mp41"),
         SNIFF_CLIP},
        {"mov, index first", BYTES("\0\1\0\0moov\0\0\0\x6cmvhd"), SNIFF_CLIP},
        {"mov, wide then data", BYTES("\0\0\0\x08wide\0\0\1\0mdat"), SNIFF_CLIP},
        {"mov, long data box", BYTES("\0\0\0\1mdat\0\0\0\0\1\0\0\0"), SNIFF_CLIP},
        {"3gp",
         BYTES("\0\0\0\x14"
               "ftyp3gp4\0\0\0\0"),
         SNIFF_CLIP},
        {"old mov with a preview", BYTES("\0\0\0\x14pnot\0\0\0\0"), SNIFF_CLIP},
        {"webm", BYTES("\x1a\x45\xdf\xa3\x9f\x42\x86\x81"), SNIFF_CLIP},
        {"avi", BYTES("RIFF\x10\x27\0\0AVI LIST"), SNIFF_CLIP},
        {"flv", BYTES("FLV\x01\x05\0\0\0\x09"), SNIFF_CLIP},
        {"wmv", BYTES("\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c\x10"),
         SNIFF_CLIP},
        {"ogg", BYTES("OggS\0\2\0\0"), SNIFF_CLIP},
        {"mpeg-ps", BYTES("\0\0\x01\xba\x44\0\4\0"), SNIFF_CLIP},
        {"mpeg video alone", BYTES("\0\0\x01\xb3\x16\0\xf0"), SNIFF_CLIP},

        {"hls", BYTES("#EXTM3U\n#EXT-X-VERSION:3\n"), SNIFF_PLAYLIST},
        {"hls behind a mark and blanks", BYTES("\xef\xbb\xbf \r\n#EXTM3U\n"), SNIFF_PLAYLIST},
        {"concat", BYTES("ffconcat version 1.0\nfile /etc/passwd\n"), SNIFF_PLAYLIST},
        {"concat without its line", BYTES("file 'free.mp4'\nfile 'b.mp4'\n"), SNIFF_PLAYLIST},
        {"dash", BYTES("<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn\">"), SNIFF_PLAYLIST},
        {"sdp", BYTES("v=0\r\no=- 0 0 IN IP4 1.2.3.4\r\nm=video 5004 RTP/AVP 96\r\n"),
         SNIFF_PLAYLIST},
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
        {"jpeg", BYTES("\xff\xd8\xff\xe0\0\x10JFIF"), SNIFF_OTHER},
        {"png", BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), SNIFF_OTHER},
        {"gif", BYTES("GIF89a\1\0\1\0"), SNIFF_OTHER},
        {"webp", BYTES("RIFF\x10\0\0\0WEBPVP8 "), SNIFF_OTHER},
        {"wave", BYTES("RIFF\x10\0\0\0WAVEfmt "), SNIFF_OTHER},
        {"heic",
         BYTES("\0\0\0\x18"
               "ftypheic\0\0\0\0mif1"),
         SNIFF_OTHER},
        {"avif",
         BYTES("\0\0\0\x18"
               "ftypavif\0\0\0\0mif1"),
         SNIFF_OTHER},
        {"mp3", BYTES("ID3\4\0\0\0\0\0\x23TSSE"), SNIFF_OTHER},
        {"mp3 frame", BYTES("\xff\xfb\x90\x64\0\0"), SNIFF_OTHER},
        {"flac", BYTES("fLaC\0\0\0\x22"), SNIFF_OTHER},
        {"zip", BYTES("PK\3\4\x14\0\0\0"), SNIFF_OTHER},
        {"pdf", BYTES("%PDF-1.7\n"), SNIFF_OTHER},
        {"elf",
         BYTES("\x7f"
               "ELF\2\1\1\0"),
         SNIFF_OTHER},
        {"html", BYTES("<!doctype html><title>free</title>"), SNIFF_OTHER},
        {"a text", BYTES("v=0 is a fine assignment"), SNIFF_OTHER},
    };
    for (size_t i = 0; i < LEN(rows); i++)
        if (task_sniff((const uint8_t *)rows[i].head, rows[i].len) != rows[i].is)
            fail_msg("%s: %d", rows[i].what,
                     task_sniff((const uint8_t *)rows[i].head, rows[i].len));
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
        if (task_sniff(head, sizeof(head)) != rows[i].is)
            fail_msg("row %zu", i);
    }
}

static void any_cut_of_a_head_is_read_within_its_length(void **state)
{
    (void)state;
    static const char *const heads[] = {"\xef\xbb\xbf   ", "v=0\nm=", "<?xml <MP", "RIFFabcdAVI "};
    for (size_t i = 0; i < LEN(heads); i++)
        for (size_t n = 0; n <= strlen(heads[i]); n++) {
            uint8_t *exact = mem_new(n); /* AddressSanitizer guards its end */
            memcpy(exact, heads[i], n);
            (void)task_sniff(exact, n);
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
