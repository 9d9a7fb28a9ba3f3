/* Bits of NAL units: the codes of H.264's own tables, every number that a code can have, every
 * place where the bytes may end, and that what is written reads as it was. */
#include "core/test/test.h"

#include "core/mem.h"
#include "media/clip/bits.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER = 0x67, UNIT_MAX = 4096 };

/* ITU-T H.264 tables 9-2 and 9-3. */
static void codes_are_those_of_the_standard(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        uint32_t ue;
        int32_t se;
    } rows[] = {
        {"1", 0, 0},
        {"010", 1, 1},
        {"011", 2, -1},
        {"00100", 3, 2},
        {"00101", 4, -2},
        {"00110", 5, 3},
        {"00111", 6, -3},
        {"0001000", 7, 4},
        {"0001001", 8, -4},
        {"0001010", 9, 5},
        {"0000000000000000"
         "1"
         "0000000000000001",
         65536, -32768},
        {"0000000000000000000000000000000"
         "1"
         "1111111111111111111111111111110",
         UINT32_MAX - 2, INT32_MAX},
        {"0000000000000000000000000000000"
         "1"
         "1111111111111111111111111111111",
         UINT32_MAX - 1, -INT32_MAX},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        uint8_t bytes[16] = {0};
        size_t n = strlen(rows[i].code);
        for (size_t k = 0; k < n; k++)
            bytes[k / 8] |= (uint8_t)((rows[i].code[k] == '1') << (7 - k % 8));
        struct bits b = bits_of_bytes(bytes, (n + 7) / 8);
        assert_int_equal(bits_ue(&b, BITS_UE_MAX), rows[i].ue);
        b = bits_of_bytes(bytes, (n + 7) / 8);
        assert_int_equal(bits_se(&b, -INT32_MAX, INT32_MAX), rows[i].se);
        assert_false(b.over);
    }
}

/* Bytes in a place of their own, so that the sanitizer sees a read beyond them. */
static uint8_t *tight(const uint8_t *bytes, size_t n)
{
    uint8_t *own = malloc(n ? n : 1);
    assert_non_null(own);
    memcpy(own, bytes, n);
    return own;
}

static void a_code_with_too_many_zeros_is_no_number(void **state)
{
    (void)state;
    /* 32 zeros and a one; zeros without end */
    static const uint8_t longest[9] = {0, 0, 0, 0, 0x80}, zeros[64];
    struct bits b = bits_of_bytes(longest, sizeof(longest));
    assert_int_equal(bits_ue(&b, BITS_UE_MAX), 0);
    assert_true(b.over);
    b = bits_of_bytes(zeros, sizeof(zeros));
    assert_int_equal(bits_se(&b, -1, 1), 0);
    assert_true(b.over);
}

static void a_number_out_of_its_range_is_an_error(void **state)
{
    (void)state;
    static const uint32_t values[] = {0, 1, 2, 31, 255, 256, 65535, INT32_MAX, UINT32_MAX - 1};
    for (size_t i = 0; i < LEN(values); i++)
        for (size_t m = 0; m < LEN(values); m++) {
            uint8_t nal[32];
            struct bits_writer w = bits_write(nal, sizeof(nal), HEADER);
            bits_put_ue(&w, values[i]);
            bits_put_u(&w, 0xff, 8);
            size_t n = bits_write_end(&w);
            struct bits b = bits_of_nal(nal, n);
            bool fits = values[i] <= values[m];
            assert_int_equal(bits_ue(&b, values[m]), fits ? values[i] : 0);
            assert_int_equal(b.over, !fits);
            assert_int_equal(bits_u(&b, 8), fits ? 0xff : 0); /* and it stays one */
            assert_int_equal(b.over, !fits);
        }
    for (int v = -300; v <= 300; v++) {
        uint8_t nal[32];
        struct bits_writer w = bits_write(nal, sizeof(nal), HEADER);
        bits_put_se(&w, v);
        struct bits b = bits_of_nal(nal, bits_write_end(&w));
        bool fits = v >= -128 && v <= 127;
        assert_int_equal(bits_se(&b, -128, 127), fits ? v : 0);
        assert_int_equal(b.over, !fits);
    }
}

static void guard_bytes_are_no_bits(void **state)
{
    (void)state;
    static const struct {
        uint8_t nal[10];
        size_t bytes;
        uint8_t payload[9];
        size_t payload_bytes;
    } rows[] = {
        {{0x67, 0, 0, 3, 1}, 5, {0, 0, 1}, 3},
        {{0x67, 0, 0, 3, 0, 0, 3, 0}, 8, {0, 0, 0, 0, 0}, 5},
        {{0x67, 0, 0, 3, 3, 3}, 6, {0, 0, 3, 3}, 4},
        {{0x67, 0, 3, 0, 3}, 5, {0, 3, 0, 3}, 4},
        {{0x67, 0, 0, 3}, 4, {0, 0}, 2},             /* it is the last */
        {{0x67, 0, 0, 0, 3, 5}, 6, {0, 0, 0, 5}, 4}, /* as no writer does it */
        {{0x67, 0, 0, 4, 3}, 5, {0, 0, 4, 3}, 4},
        {{0x67}, 1, {0}, 0},
    };
    for (size_t i = 0; i < LEN(rows); i++)
        for (int step = 1; step <= 8; step *= 2) {
            AUTO(freep) uint8_t *nal = tight(rows[i].nal, rows[i].bytes);
            struct bits b = bits_of_nal(nal, rows[i].bytes);
            for (size_t k = 0; k < rows[i].payload_bytes; k++) {
                unsigned byte = 0;
                for (int bit = 0; bit < 8; bit += step)
                    byte = byte << step | bits_u(&b, step);
                assert_int_equal(byte, rows[i].payload[k]);
            }
            assert_false(b.over);
            assert_int_equal(bits_u(&b, 1), 0);
            assert_true(b.over);
        }
    static const uint8_t plain[] = {0, 0, 3, 1}; /* of another kind: all are bits */
    struct bits b = bits_of_bytes(plain, sizeof(plain));
    assert_int_equal(bits_u(&b, 32), 0x00000301);
    assert_false(b.over);
    b = bits_of_nal(NULL, 0);
    assert_false(bits_flag(&b));
    assert_true(b.over);
}

/* A row of elements, as random as possible with a bias to few and to many bits. */
struct element {
    enum { U, UE, SE } kind;
    int count; /* of U */
    uint32_t value;
};

static uint32_t dice(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(*seed >> 32);
}

static struct element element_make(uint64_t *seed)
{
    struct element x = {.kind = dice(seed) % 3, .count = (int)(dice(seed) % 33)};
    uint32_t value = dice(seed) % 4 ? dice(seed) : dice(seed) % 2 ? 0 : UINT32_MAX;
    if (x.kind == U)
        x.value = x.count ? value >> (32 - x.count) : 0;
    else
        x.value = value >> dice(seed) % 32;
    if (x.kind == UE && x.value == UINT32_MAX)
        x.value = BITS_UE_MAX;
    if (x.kind == SE && x.value == (uint32_t)INT32_MIN)
        x.value = 0;
    return x;
}

static void element_put(struct bits_writer *w, const struct element *x)
{
    if (x->kind == U)
        bits_put_u(w, x->value, x->count);
    else if (x->kind == UE)
        bits_put_ue(w, x->value);
    else
        bits_put_se(w, (int32_t)x->value);
}

static uint32_t element_get(struct bits *b, const struct element *x)
{
    if (x->kind == U)
        return bits_u(b, x->count);
    if (x->kind == UE)
        return bits_ue(b, BITS_UE_MAX);
    return (uint32_t)bits_se(b, -INT32_MAX, INT32_MAX);
}

static void what_is_written_reads_the_same(void **state)
{
    (void)state;
    uint64_t seed = 14;
    for (int round = 0; round < 5000; round++) {
        struct element row[24];
        uint8_t nal[UNIT_MAX];
        size_t count = 1 + dice(&seed) % LEN(row);
        struct bits_writer w = bits_write(nal, sizeof(nal), HEADER);
        for (size_t i = 0; i < count; i++) {
            row[i] = element_make(&seed);
            element_put(&w, &row[i]);
        }
        size_t n = bits_write_end(&w);
        assert_true(n > 1 && nal[0] == HEADER && nal[n - 1] != 0);
        for (size_t i = 0; i + 2 < n; i++) /* nothing in it looks like a start code (7.4.1) */
            if (nal[i] == 0 && nal[i + 1] == 0)
                assert_true(nal[i + 2] >= 3);
        AUTO(freep) uint8_t *own = tight(nal, n);
        struct bits b = bits_of_nal(own, n);
        for (size_t i = 0; i < count; i++)
            if (element_get(&b, &row[i]) != row[i].value)
                fail_msg("round %d: element %zu is not what was written", round, i);
        assert_true(bits_flag(&b)); /* the stop bit */
        assert_false(b.over);
    }
}

/* Cut at each byte, and for plain bytes at each bit: what was whole before the cut is read, all
 * that follows is 0. */
static void a_unit_that_ends_too_soon_gives_zeros_for_good(void **state)
{
    (void)state;
    uint64_t seed = 15;
    for (int round = 0; round < 300; round++) {
        struct element row[8];
        uint8_t nal[UNIT_MAX];
        size_t ends[LEN(row)]; /* bytes that each element needs, with those before */
        struct bits_writer w = bits_write(nal, sizeof(nal), HEADER);
        for (size_t i = 0; i < LEN(row); i++) {
            row[i] = element_make(&seed);
            element_put(&w, &row[i]);
        }
        size_t n = bits_write_end(&w);
        struct bits all = bits_of_nal(nal, n);
        for (size_t i = 0; i < LEN(row); i++) {
            (void)element_get(&all, &row[i]);
            ends[i] = (size_t)(all.at - nal);
        }
        for (size_t cut = 1; cut <= n; cut++) {
            AUTO(freep) uint8_t *own = tight(nal, cut);
            struct bits b = bits_of_nal(own, cut);
            for (size_t i = 0; i < LEN(row); i++) {
                bool whole = ends[i] <= cut;
                uint32_t value = element_get(&b, &row[i]);
                assert_int_equal(value, whole ? row[i].value : 0);
                assert_int_equal(b.over, !whole);
            }
        }
    }
    for (uint32_t value = 0; value < 300; value++) /* shifted, so that the last bit is the byte's */
        for (int lost = 1;; lost++) {
            uint8_t nal[16], bits = 0;
            for (uint32_t v = value + 1; v; v >>= 1)
                bits++;
            int length = 2 * bits - 1;
            if (lost > length)
                break;
            struct bits_writer w = bits_write(nal, sizeof(nal), HEADER);
            int lead = (32 - (length - lost)) % 8;
            bits_put_u(&w, 0xff, lead);
            bits_put_ue(&w, value);
            size_t whole = 1 + (size_t)(lead + length - lost) / 8;
            (void)bits_write_end(&w);
            AUTO(freep) uint8_t *own = tight(nal, whole);
            struct bits b = bits_of_nal(own, whole);
            (void)bits_u(&b, lead);
            assert_false(b.over);
            assert_int_equal(bits_ue(&b, BITS_UE_MAX), 0);
            assert_true(b.over);
        }
}

static void a_writer_stays_in_its_room(void **state)
{
    (void)state;
    enum {
        NEEDED = 1 + 8 + 3 + 1
    }; /* the header, zeros, a guard before every third, the stop bit */
    for (size_t room = 0; room <= NEEDED; room++) {
        AUTO(freep) uint8_t *to = malloc(room ? room : 1);
        struct bits_writer w = bits_write(to, room, HEADER);
        for (int i = 0; i < 8; i++)
            bits_put_u(&w, 0, 8);
        assert_int_equal(bits_write_end(&w), room < NEEDED ? 0 : NEEDED);
        assert_int_equal(w.over, room < NEEDED);
    }
    uint8_t to[16];
    struct bits_writer w = bits_write(to, sizeof(to), HEADER);
    bits_put_ue(&w, UINT32_MAX);
    assert_true(w.over);
    w = bits_write(to, sizeof(to), HEADER);
    bits_put_se(&w, INT32_MIN);
    assert_int_equal(bits_write_end(&w), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_those_of_the_standard),
        cmocka_unit_test(a_code_with_too_many_zeros_is_no_number),
        cmocka_unit_test(a_number_out_of_its_range_is_an_error),
        cmocka_unit_test(guard_bytes_are_no_bits),
        cmocka_unit_test(what_is_written_reads_the_same),
        cmocka_unit_test(a_unit_that_ends_too_soon_gives_zeros_for_good),
        cmocka_unit_test(a_writer_stays_in_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
