#include "task/intake.h"

#include "blob/blob.h"
#include "core/err.h"
#include "core/sniff.h"
#include "task/task_impl.h"

#include <sodium.h>

enum { HASH_BYTES = (INTAKE_HASH_SIZE - 1) / 2, ASIDE_MAX_BYTES = 16 << 20 };

struct intake {
    crypto_generichash_state hash;
    int64_t bytes;
    uint8_t head[SNIFF_WINDOW];
    size_t head_len;
};

struct intake *intake_new(void)
{
    size_t align = _Alignof(struct intake); /* libsodium wants its state on a cache line */
    struct intake *in = aligned_alloc(align, (sizeof(*in) + align - 1) / align * align);
    if (!in)
        abort();
    memset(in, 0, sizeof(*in));
    crypto_generichash_init(&in->hash, NULL, 0, HASH_BYTES);
    return in;
}

void intake_free(struct intake *in)
{
    free(in);
}

void intake_freep(struct intake **in)
{
    intake_free(*in);
    *in = NULL;
}

enum msg intake_take(struct intake *in, const void *data, size_t len_bytes)
{
    size_t room = SNIFF_WINDOW - in->head_len, n = len_bytes < room ? len_bytes : room;
    if (n)
        memcpy(in->head + in->head_len, data, n);
    in->head_len += n;
    crypto_generichash_update(&in->hash, data, len_bytes);
    in->bytes += (int64_t)len_bytes;
    return n && in->head_len == SNIFF_WINDOW ? intake_fault(in) : MSG_OK;
}

int64_t intake_bytes(const struct intake *in)
{
    return in->bytes;
}

enum msg intake_fault(const struct intake *in)
{
    return sniff_fault(sniff(in->head, in->head_len));
}

void intake_end(struct intake *in, struct intake_sum *out)
{
    unsigned char hash[HASH_BYTES];
    crypto_generichash_final(&in->hash, hash, sizeof(hash));
    (void)sodium_bin2hex(out->hash, sizeof(out->hash), hash, sizeof(hash));
    out->bytes = in->bytes;
    out->fault = intake_fault(in);
}

int intake_room(struct tasks *t, int64_t bytes, struct err *e)
{
    int64_t room, all;
    if (blob_space(t->blob, &room, &all, e) < 0)
        return -1;
    if (bytes > room)
        return err_msg(e, MSG_DISK_FULL, "%lld bytes are announced, %lld are free",
                       (long long)bytes, (long long)room);
    return 0;
}

int64_t intake_aside(int64_t bytes)
{
    return bytes < 0 ? 0 : bytes < ASIDE_MAX_BYTES ? bytes : ASIDE_MAX_BYTES;
}
