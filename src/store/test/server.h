/* A real PostgreSQL server for one test process: made in a folder of its own, reached through a
 * socket in that folder, ended with the process. */
#pragma once
#include <stddef.h>

/* Starts it at the first call; then each call makes a fresh database and gives its URL. */
void server_url(char *out, size_t size);
void server_stop(void);
/* Ends the server as a crash would, and starts it again on the same folder. */
void server_crash(void);
void server_again(void);
