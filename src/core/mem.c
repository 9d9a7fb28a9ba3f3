#include "core/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blocks are chained; a request larger than a block gets one of its own. */
enum { ARENA_BLOCK = 4096 };

struct block {
    struct block *next;
    size_t used, size;
    _Alignas(max_align_t) char data[];
};
struct arena {
    struct block *head;
};

void *mem_new(size_t size_bytes)
{
    void *p = calloc(1, size_bytes ? size_bytes : 1);
    if (!p)
        abort();
    return p;
}

char *mem_strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = mem_new(n);
    memcpy(p, s, n);
    return p;
}

void freep(void *p)
{
    void **pp = p;
    free(*pp);
    *pp = NULL;
}

struct arena *arena_new(void)
{
    return mem_new(sizeof(struct arena));
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct block *b = a->head; b;) {
        struct block *next = b->next;
        free(b);
        b = next;
    }
    free(a);
}

void arena_freep(struct arena **a)
{
    arena_free(*a);
    *a = NULL;
}

void *arena_get(struct arena *a, size_t size_bytes)
{
    const size_t align = _Alignof(max_align_t);
    size_t n = (size_bytes + align - 1) / align * align;
    if (n < size_bytes)
        abort();
    if (!a->head || a->head->size - a->head->used < n) {
        size_t size = n > ARENA_BLOCK ? n : ARENA_BLOCK;
        struct block *b = mem_new(sizeof(*b) + size);
        b->size = size;
        b->next = a->head;
        a->head = b;
    }
    void *p = a->head->data + a->head->used;
    a->head->used += n;
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = arena_get(a, n);
    memcpy(p, s, n);
    return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        abort();
    char *p = arena_get(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}
