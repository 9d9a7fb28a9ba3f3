/* jail/wire_table: the form of the tables that wire.c and its test walk. Room-internal. */
#pragma once
#include <stddef.h>

enum wire_kind { WIRE_INT, WIRE_BOOL, WIRE_TEXT, WIRE_LINES, WIRE_PART };
struct wire_row {
    size_t offset, size;
    enum wire_kind kind;
    const struct wire_table *part;
};
struct wire_table {
    const struct wire_row *rows;
    size_t count, size;
};
extern const struct wire_table wire_profile, wire_limits, wire_order, wire_facts, wire_report,
    wire_shape, wire_receipt, wire_hello, wire_start, wire_exited, wire_failed, wire_range;
/* The size of a message of this table in bytes, without the type byte. */
size_t wire_table_bytes(const struct wire_table *t);
