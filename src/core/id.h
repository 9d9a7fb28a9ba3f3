/* core/id: random names that nobody can guess. Thread-safe. */
#pragma once
#include <stddef.h>

enum { ID_SIZE = 27 }; /* 26 characters and the NUL */

/* Writes 128 random bits from the kernel as 26 characters of a-z and 2-7 (RFC 4648 base32, lower
 * case). Aborts when the kernel gives no random bytes, which Linux always gives. */
void id_make(char out[ID_SIZE]);
/* Fills data with random bytes from the kernel. */
void id_random(void *data, size_t len_bytes);
