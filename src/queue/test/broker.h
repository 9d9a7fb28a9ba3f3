/* Real brokers for tests. Each call gives the URL of a queue that nobody has used. */
#pragma once
#include <stddef.h>
#include <stdint.h>

void rabbit_url(char *out, size_t size);
/* Ends the broker as a crash would; starts it again on the same files. */
void rabbit_crash(void);
void rabbit_again(void);
/* The task of the first message that was put aside from the queue of that URL, 0: there is none. */
int64_t rabbit_aside(const char *url);
int64_t redis_aside(const char *url);
/* The same of Redis, which keeps every entry on disk here (appendfsync always). What nobody
 * acknowledged goes to another after 2 s. */
void redis_url(char *out, size_t size);
void redis_crash(void);
void redis_again(void);
/* librdkafka makes its threads by C11's thrd_create, of which ThreadSanitizer does not know: it
 * crashes in the first of them. So where that checks, Kafka is left to the other builds. */
#ifdef __SANITIZE_THREAD__
enum { KAFKA_CAN_RUN = 0 };
#else
enum { KAFKA_CAN_RUN = 1 };
#endif
/* librdkafka's own cluster of simulated brokers, in this process. */
void kafka_url(char *out, size_t size);
void kafka_crash(void);
void kafka_again(void);
/* Ends whatever was started. */
void brokers_stop(void);
