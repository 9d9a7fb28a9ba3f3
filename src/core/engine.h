/* core/engine: back ends with a library of their own (libpq, librabbitmq ...) live in modules,
 * reelgate-NAME.so, which are loaded when a URL first names them: who runs on the embedded default
 * neither needs those libraries nor waits for them. Thread-safe. */
#pragma once

struct err;

/* The table `symbol` of the module `name`, looked for beside the program and in the folder that
 * `meson install` uses. It is never unloaded. A program that links the back end itself (tests)
 * needs no module. NULL with *e: not installed, or one of its libraries is missing. */
const void *engine_find(const char *name, const char *symbol, struct err *e);
