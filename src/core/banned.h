/* core/banned: forbids library calls that cannot be used safely. Their use is a compile error. The
 * build includes this header into every file of src/ (-include). */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* With clang and _FORTIFY_SOURCE some of these names are macros, and clang cannot poison a macro.
 * gcc compiles every file too, so gcc finds each use. */
#ifndef __clang__
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok atoi atol atoll atof
#pragma GCC poison system popen gets tmpnam mktemp gmtime localtime asctime ctime strerror_l
#endif
