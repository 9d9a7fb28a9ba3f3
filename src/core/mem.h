/* core/mem: who owns memory, and how it is given back. Thread-safe as malloc is; an arena belongs
 * to one thread.
 *
 * Locals that own something are declared AUTO(fn), where fn takes a pointer to the local:
 *     AUTO(freep) char *name = mem_strdup(s);
 * and are handed over with TAKE(name). An early return is then the clean-up. */
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

/* Zeroed memory of a small fixed size; aborts when memory is gone (the supervisor restarts us).
 * Free with free() or AUTO(freep). */
void *mem_new(size_t size_bytes) __attribute__((malloc, returns_nonnull));
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
/* Frees what the pointer at p points to; for AUTO. */
void freep(void *p);

/* An arena: memory that dies together, for one request or one job. */
struct arena;
struct arena *arena_new(void);
void arena_free(struct arena *a);
void arena_freep(struct arena **a);
/* Zeroed, aligned for any type; aborts when memory is gone. The caller has checked size_bytes
 * against a named limit. */
void *arena_get(struct arena *a, size_t size_bytes) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
/* printf into the arena. */
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));
