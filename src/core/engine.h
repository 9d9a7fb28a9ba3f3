/* core/engine: loads back ends that need a library of their own (libpq, librabbitmq ...). Such a
 * back end is a module, reelgate-NAME.so. The program loads it when a URL first names it, so an
 * installation with the embedded defaults needs none of those libraries and loads none.
 * Thread-safe. */
#pragma once

struct err;

/* Returns the table `symbol` of the module `name`. Looks for the module beside the program, then in
 * the folder that `meson install` uses. A module is never unloaded. A program that links the back
 * end itself (a test) needs no module. Returns NULL with ERR_UNSUPPORTED when the module is not
 * installed or one of its libraries is missing. */
const void *engine_find(const char *name, const char *symbol, struct err *e);
