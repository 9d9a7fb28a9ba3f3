/* core/clock: what time it is. Thread-safe. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { CLOCK_ISO_SIZE = 25, CLOCK_HTTP_SIZE = 30 };

/* Milliseconds since 1970-01-01 UTC: for rows, tokens and people. May jump. */
int64_t clock_now_ms(void);
/* Milliseconds of a clock that never jumps: for time-outs and measuring. */
int64_t clock_mono_ms(void);
/* The same in microseconds, where milliseconds say too little. */
int64_t clock_mono_us(void);
/* "2026-11-23T16:52:29.123Z" (RFC 3339). */
void clock_iso(int64_t unix_ms, char out[CLOCK_ISO_SIZE]);
/* "Mon, 23 Nov 2026 16:52:29 GMT" (RFC 9110, 5.6.7: IMF-fixdate). */
void clock_http(int64_t unix_ms, char out[CLOCK_HTTP_SIZE]);
/* The UTC date, for storage names. */
void clock_date(int64_t unix_ms, int *year, int *month, int *day);
