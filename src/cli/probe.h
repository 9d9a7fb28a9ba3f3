/* cli/probe: probes all clips of a folder. Room-internal. */
#pragma once
#include "cli/cli.h"

struct media_job;

/* Probes each file in the folder and in its subfolders, with an open job that has no clip yet.
 * CLI_DONE, even when clips would be refused; CLI_INPUT: the folder holds no file, or cannot be
 * read; CLI_FAILED: a file could not be probed through a fault of ours, or a signal came. */
enum cli_exit probe_folder(struct cli *c, struct media_job *m, const char *folder);
