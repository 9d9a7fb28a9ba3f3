/* jail/wire_table: the shape of the tables that wire.c walks; seen by its test too. Room-internal.
 */
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
/* How many bytes a message of this shape has, without the type. */
size_t wire_table_bytes(const struct wire_table *t);
