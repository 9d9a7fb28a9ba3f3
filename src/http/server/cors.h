/* http/server/cors: pages of other origins (WHATWG Fetch). */
#pragma once

struct request;

/* Calls put() with each header that lets a page of another origin read this answer, and with the
 * headers that a preflight needs. r->status says whether a preflight succeeds. */
void cors_put(const struct request *r, void (*put)(void *cls, const char *name, const char *value),
              void *cls);
