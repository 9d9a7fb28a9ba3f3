#include "core/fold.h"

#include "core/mem.h"

#include <locale.h>
#include <pthread.h>
#include <wctype.h>

enum { LATIN = 0xc0, LATIN_END = 0x180, MARKS = 0x300, MARKS_END = 0x370 };

/* The letters from U+00C0 to U+017F without their marks; a dot: as towlower says. */
static const char plain[LATIN_END - LATIN + 1] = "aaaaaa.ceeeeiiii.nooooo.ouuuuy.."
                                                 "aaaaaa.ceeeeiiii.nooooo.ouuuuy.y"
                                                 "aaaaaaccccccccddddeeeeeeeeeegggg"
                                                 "gggghhhhiiiiiiiiii..jjkk.lllllll"
                                                 "lllnnnnnn...oooooo..rrrrrrssssss"
                                                 "ssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

static locale_t letters;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* A part of the C library itself; without it, capitals of other scripts are left as they are. */
static void begin(void)
{
    letters = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* The character at p and its bytes; of what is none, the byte. */
static unsigned next(const unsigned char *p, size_t *bytes)
{
    size_t n = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc0 ? 2 : 1;
    unsigned c = n == 1 ? *p : *p & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            n = 1;
            c = *p;
            break;
        }
        c = c << 6 | (p[i] & 0x3f);
    }
    *bytes = n;
    return c;
}

static unsigned lower(unsigned c)
{
    if (c >= LATIN && c < LATIN_END && plain[c - LATIN] != '.')
        return (unsigned char)plain[c - LATIN];
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    return letters ? (unsigned)towlower_l((wint_t)c, letters) : c;
}

static size_t put(char *out, unsigned c)
{
    if (c < 0x80) {
        *out = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    *out = (char)((0xf00 >> n & 0xff) | c);
    return n;
}

char *fold_text(const char *utf8)
{
    pthread_once(&once, begin);
    size_t len = strlen(utf8), n = 0;
    char *out = mem_new(2 * len + 1); /* two bytes become three at most */
    for (const unsigned char *p = (const unsigned char *)utf8; *p;) {
        size_t bytes;
        unsigned c = next(p, &bytes);
        if (bytes == 1 && c >= 0x80)
            out[n++] = (char)c;
        else if (c < MARKS || c >= MARKS_END)
            n += put(out + n, lower(c));
        p += bytes;
    }
    out[n] = 0;
    return out;
}
