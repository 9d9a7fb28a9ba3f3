/* core/clock: the current time, and times as text. Thread-safe. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { CLOCK_ISO_SIZE = 25, CLOCK_HTTP_SIZE = 30 };

/* Milliseconds since 1970-01-01 UTC, for rows, tokens and people. This clock may jump. */
int64_t clock_now_ms(void);
/* Milliseconds of a monotonic clock, for time-outs and measurements. */
int64_t clock_mono_ms(void);
/* Microseconds of the same monotonic clock, for short measurements. */
int64_t clock_mono_us(void);
/* Writes a time as "2026-11-23T16:52:29.123Z" (RFC 3339). */
void clock_iso(int64_t unix_ms, char out[CLOCK_ISO_SIZE]);
/* Writes a time as "Mon, 23 Nov 2026 16:52:29 GMT" (RFC 9110, 5.6.7: IMF-fixdate). */
void clock_http(int64_t unix_ms, char out[CLOCK_HTTP_SIZE]);
/* Gives the UTC date, for storage names. */
void clock_date(int64_t unix_ms, int *year, int *month, int *day);
