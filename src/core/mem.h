/* core/mem: ownership of memory. malloc's thread-safety; an arena belongs to one thread.
 *
 * Declare a local that owns something with AUTO(fn), where fn takes a pointer to the local:
 *     AUTO(freep) char *name = mem_strdup(s);
 * TAKE(name) passes the ownership on. So an early return cleans up by itself. */
#pragma once
#include <stddef.h>

#define AUTO(fn) __attribute__((cleanup(fn)))
#define TAKE(p)                                                                                    \
    ({                                                                                             \
        __typeof__(p) take_ = (p);                                                                 \
        (p) = NULL;                                                                                \
        take_;                                                                                     \
    })
#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Returns zeroed memory of a small fixed size. Aborts when memory is exhausted (the supervisor
 * restarts the program). Free it with free() or AUTO(freep). */
void *mem_new(size_t size_bytes) __attribute__((malloc, returns_nonnull));
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
/* Frees the memory that the pointer at p points to; for AUTO. */
void freep(void *p);

/* An arena holds all memory of one request or one job; arena_free frees it as a whole. */
struct arena;
struct arena *arena_new(void);
void arena_free(struct arena *a);
void arena_freep(struct arena **a);
/* Returns zeroed memory, aligned for any type. Aborts when memory is exhausted. The caller checks
 * size_bytes against a named limit first. */
void *arena_get(struct arena *a, size_t size_bytes) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
/* printf into the arena. */
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));
