/* http/server/head: reads and checks the head of a request. */
#pragma once
#include "http/server/route.h"

/* Checks the first line. Returns 0, or the status to answer: 414 too long, 404 the path holds %00
 * or %2F. */
int head_line_status(const char *uri);
/* Fills path, method, language, id and address of r. */
void head_read(struct request *r, const char *url, const char *method);
/* Checks framing, path, route and declared length; sets r->route. allow: see route_find. */
int head_check(struct request *r, char allow[ALLOW_SIZE], struct err *e);
