/* core/log: log lines for operators, on standard error. Thread-safe: each line is written whole.
 *
 *     log_info(l, "task done", "task", id, "ms", n);
 * A line is a fixed message, then pairs of a literal key and a value. Values are integers, doubles
 * or strings (NULL prints as "-"). The macros record the type of each value, so a pair needs no
 * format string. Never log a secret; the log escapes text from outside. Levels: error (an operator
 * must act), warn, info (one line per request or attempt), debug. */
#pragma once
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };
struct log;

/* Writes to the descriptor fd, which the caller owns. */
struct log *log_new(int fd, enum log_level level, enum log_format format);
void log_free(struct log *l);

struct log_value {
    enum { LOG_V_INT, LOG_V_UINT, LOG_V_DOUBLE, LOG_V_STR } type;
    union {
        int64_t i;
        uint64_t u;
        double d;
        const char *s;
    };
};
struct log_pair {
    const char *key;
    struct log_value value;
};
/* Writes one line. l may be NULL: nothing is written. */
void log_write(struct log *l, enum log_level level, const char *message,
               const struct log_pair *pairs, int pair_count);

static inline struct log_value log_v_int(int64_t i)
{
    return (struct log_value){.type = LOG_V_INT, .i = i};
}
static inline struct log_value log_v_uint(uint64_t u)
{
    return (struct log_value){.type = LOG_V_UINT, .u = u};
}
static inline struct log_value log_v_double(double d)
{
    return (struct log_value){.type = LOG_V_DOUBLE, .d = d};
}
static inline struct log_value log_v_str(const char *s)
{
    return (struct log_value){.type = LOG_V_STR, .s = s};
}
/* clang-format off */
#define LOG_V(v) _Generic((v), \
    char *: log_v_str, const char *: log_v_str, \
    float: log_v_double, double: log_v_double, \
    unsigned: log_v_uint, unsigned long: log_v_uint, unsigned long long: log_v_uint, \
    default: log_v_int)(v)
#define LOG_P0()
#define LOG_P2(k, v) {k, LOG_V(v)},
#define LOG_P4(k, v, ...) LOG_P2(k, v) LOG_P2(__VA_ARGS__)
#define LOG_P6(k, v, ...) LOG_P2(k, v) LOG_P4(__VA_ARGS__)
#define LOG_P8(k, v, ...) LOG_P2(k, v) LOG_P6(__VA_ARGS__)
#define LOG_P10(k, v, ...) LOG_P2(k, v) LOG_P8(__VA_ARGS__)
#define LOG_P12(k, v, ...) LOG_P2(k, v) LOG_P10(__VA_ARGS__)
#define LOG_P14(k, v, ...) LOG_P2(k, v) LOG_P12(__VA_ARGS__)
#define LOG_P16(k, v, ...) LOG_P2(k, v) LOG_P14(__VA_ARGS__)
#define LOG_P18(k, v, ...) LOG_P2(k, v) LOG_P16(__VA_ARGS__)
#define LOG_P20(k, v, ...) LOG_P2(k, v) LOG_P18(__VA_ARGS__)
#define LOG_PICK(_0,_1,_2,_3,_4,_5,_6,_7,_8,_9,_10,_11,_12,_13,_14,_15,_16,_17,_18,_19,_20,name,...) name
#define LOG_PAIRS(...) LOG_PICK(0, ##__VA_ARGS__, LOG_P20, LOG_ODD, LOG_P18, LOG_ODD, LOG_P16, LOG_ODD, LOG_P14, LOG_ODD, \
    LOG_P12, LOG_ODD, LOG_P10, LOG_ODD, LOG_P8, LOG_ODD, LOG_P6, LOG_ODD, LOG_P4, LOG_ODD, LOG_P2, LOG_ODD, \
    LOG_P0)(__VA_ARGS__)
/* clang-format on */
#define LOG_AT(l, level, message, ...)                                                             \
    do {                                                                                           \
        const struct log_pair log_pairs_[] = {LOG_PAIRS(__VA_ARGS__){0}};                          \
        log_write((l), (level), "" message "", log_pairs_,                                         \
                  (int)(sizeof(log_pairs_) / sizeof(log_pairs_[0])) - 1);                          \
    } while (0)
#define log_error(l, ...) LOG_AT(l, LOG_ERROR, __VA_ARGS__)
#define log_warn(l, ...)  LOG_AT(l, LOG_WARN, __VA_ARGS__)
#define log_info(l, ...)  LOG_AT(l, LOG_INFO, __VA_ARGS__)
#define log_debug(l, ...) LOG_AT(l, LOG_DEBUG, __VA_ARGS__)
