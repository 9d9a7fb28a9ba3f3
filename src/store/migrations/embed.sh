#!/bin/sh
# Prints the migrations given (NNN_what.sql, in order) as rows of a C table: version, name, text.
set -eu
for file; do
    name=$(basename "$file" .sql)
    version=$(printf '%s' "${name%%_*}" | sed 's/^0*//')
    printf '{%s, "%s",\n' "$version" "$name"
    sed 's/\\/\\\\/g; s/"/\\"/g; s/^/ "/; s/$/\\n"/' "$file"
    printf '},\n'
done
