/* http/server/head: what the head of a request says, and what can be wrong with it. */
#pragma once
#include "http/server/route.h"

/* The first line: 0, or the status that will be answered: 414 too long, 404 no path of ours. */
int head_line_status(const char *uri);
/* Fills path, method, language, id and address of r. */
void head_read(struct request *r, const char *url, const char *method);
/* Framing, path, route and declared length; finds r->route. allow: see route_find. */
int head_check(struct request *r, char allow[ALLOW_SIZE], struct err *e);
