/* core/banned: library calls that have no safe use here; including this makes them compile errors.
 * The build includes it into every file of src/ (-include). */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* With clang and _FORTIFY_SOURCE some of these are macros already, which it does not let be
 * poisoned; every line is compiled by gcc too. */
#ifndef __clang__
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok atoi atol atoll atof
#pragma GCC poison system popen gets tmpnam mktemp gmtime localtime asctime ctime strerror_l
#endif
