#include "cli/cli.h"
#include "core/err.h"

#include <sodium/utils.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static bool read_line(char out[CLI_SECRET_SIZE])
{
    if (!fgets(out, CLI_SECRET_SIZE, stdin))
        return false;
    out[strcspn(out, "\r\n")] = 0;
    return true;
}

int cli_read_secret(char out[CLI_SECRET_SIZE], struct err *e)
{
    struct termios shown, hidden;
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &shown) < 0)
        return read_line(out)
                   ? 0
                   : err_msg(e, MSG_FIELDS_MISSING,
                             "no password on standard input, where one line is expected");
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    char again[CLI_SECRET_SIZE];
    fputs("Password: ", stderr);
    bool ok = read_line(out);
    fputs("\nAgain: ", stderr);
    ok = ok && read_line(again);
    fputs("\n", stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    bool same = ok && strcmp(out, again) == 0;
    sodium_memzero(again, sizeof(again));
    if (!ok)
        return err_msg(e, MSG_FIELDS_MISSING, "no password");
    return same ? 0 : err_msg(e, MSG_PASSWORDS_DIFFER, "the two are not the same");
}
