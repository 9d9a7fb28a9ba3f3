/* cli/probe: what is said of the clips of a folder. Room-internal. */
#pragma once
#include "cli/cli.h"

struct media_job;

/* Looks at each file in the folder and below it, with a job that is open but for a clip. CLI_DONE
 * also where clips would be refused; CLI_INPUT: no file, or it cannot be read; CLI_FAILED: a file
 * could not be looked at through our fault, or a signal came. */
enum cli_exit probe_folder(struct cli *c, struct media_job *m, const char *folder);
