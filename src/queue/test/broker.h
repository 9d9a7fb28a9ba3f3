/* Real brokers for tests. Each call gives the URL of a queue that nobody has used. */
#pragma once
#include <stddef.h>

void rabbit_url(char *out, size_t size);
/* Ends the broker as a crash would; starts it again on the same files. */
void rabbit_crash(void);
void rabbit_again(void);
/* The same of Redis, which keeps every entry on disk here (appendfsync always). What nobody
 * acknowledged goes to another after 200 ms. */
void redis_url(char *out, size_t size);
void redis_crash(void);
void redis_again(void);
/* librdkafka's own cluster of simulated brokers, in this process. */
void kafka_url(char *out, size_t size);
void kafka_crash(void);
void kafka_again(void);
/* Ends whatever was started. */
void brokers_stop(void);
