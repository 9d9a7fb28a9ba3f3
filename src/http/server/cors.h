/* http/server/cors: pages of other origins (WHATWG Fetch). */
#pragma once

struct request;

/* Hands put() the headers by which a page of another origin may read this answer, and those that a
 * preflight asks for; r->status says whether the answer is one that can be granted. */
void cors_put(const struct request *r, void (*put)(void *cls, const char *name, const char *value),
              void *cls);
