#include "core/fold.h"

#include "core/mem.h"
#include "core/test/test.h"

static void texts_that_people_look_for_alike_are_alike(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"Árbitro ÑANDÚ.MP4", "arbitro nandu.mp4"},
        {"A\xcc\x81rbitro", "arbitro"}, /* as macOS writes it */
        {"Łódź ŽIŽKOV Øre", "lodz zizkov ore"},
        {"ГОЛ Ωμέγα ÆØ", "гол ωμέγα æo"},
        {"هدف 目标 ⚽ 100 %", "هدف 目标 ⚽ 100 %"},
        {"", ""},
        {"a\xff\xc3", "a\xff\xc3"},
        {"\xe2\x82", "\xe2\x82"},
        {"\xf0\x9f\x8f\x86 Final", "\xf0\x9f\x8f\x86 final"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        AUTO(freep) char *is = fold_text(rows[i][0]);
        assert_string_equal(is, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_that_people_look_for_alike_are_alike),
    };
    return cmocka_run_group_tests_name("core/fold", tests, NULL, NULL);
}
