/* Real brokers for tests. Each call gives the URL of a queue that nobody has used. */
#pragma once
#include <stddef.h>

void rabbit_url(char *out, size_t size);
/* Ends the broker as a crash would; starts it again on the same files. */
void rabbit_crash(void);
void rabbit_again(void);
/* Ends whatever was started. */
void brokers_stop(void);
