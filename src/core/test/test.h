/* core/test: what every unit test includes first, in the order that cmocka wants. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/mem.h"

#include <ftw.h>
#include <stdio.h>

static inline int test_remove_one(const char *path, const struct stat *st, int type,
                                  struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}
/* Removes a folder with all that is in it. */
static inline void test_remove_folder(const char *dir)
{
    (void)nftw(dir, test_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
