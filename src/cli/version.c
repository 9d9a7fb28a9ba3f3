#include "cli/cli.h"

#include <stdio.h>

enum cli_exit cli_version(struct cli *c)
{
    (void)c;
    return printf("reelgate %s\n", REELGATE_VERSION) > 0 && fflush(stdout) == 0 ? CLI_DONE
                                                                                : CLI_FAILED;
}
