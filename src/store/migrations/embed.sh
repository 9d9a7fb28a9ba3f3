#!/bin/sh
# embed.sh FOLDER OUTPUT DEPFILE: writes the migrations of a folder (NNN_what.sql, in the order of their numbers) as
# rows of a C table: version, name, text. The dependency file names the folder too, so that a step that is added is
# seen by the next build.
set -eu
folder=$1 output=$2 depfile=$3
{
    printf '%s: %s' "$output" "$folder"
    printf ' %s' "$folder"/*.sql
    printf '\n'
} >"$depfile"
for file in "$folder"/*.sql; do
    name=$(basename "$file" .sql)
    version=$(printf '%s' "${name%%_*}" | sed 's/^0*//')
    printf '{%s, "%s",\n' "$version" "$name"
    sed 's/\\/\\\\/g; s/"/\\"/g; s/^/ "/; s/$/\\n"/' "$file"
    printf '},\n'
done >"$output"
