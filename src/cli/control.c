/* Plan: where the socket is; the client half; the server half. The server half runs one command
 * after another on its own thread, with a struct cli whose streams lead to the client. */
#include "cli/control.h"

#include "cli/parts.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"
#include "store/store.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <sodium/utils.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    ASK_MAX = 256 * 1024, /* some thousand numbers of tasks */
    ASK_MS = 10000,       /* by when all of it is here */
    AGAIN_MS = 1000,      /* pause after the process ran out of descriptors */
    SEND_S = 10,          /* gives up on a client that reads nothing for that long */
    FRAME_HEAD = 5,
    FRAME_MAX = 64 << 20, /* a page of a list is far below */
};

/* -- where -- */

/* Opens the folder of the socket and finds the socket's name in it. A socket path may have at most
 * 107 bytes, so the code names the socket through the folder's descriptor. -1: the database is not
 * a SQLite file. */
static int place(struct arena *a, const struct conf *conf, const char **file,
                 struct sockaddr_un *at, struct err *e)
{
    *file = parts_path(parts_database(a, conf), "sqlite:");
    if (!*file)
        return err_set(e, ERR_UNSUPPORTED, "control: several processes share the database");
    const char *slash = strrchr(*file, '/');
    const char *dir = !slash           ? "."
                      : slash == *file ? "/"
                                       : arena_printf(a, "%.*s", (int)(slash - *file), *file);
    int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_set(e, ERR_SYSTEM, "control: %s: %s", dir, strerror(errno));
    *at = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = snprintf(at->sun_path, sizeof(at->sun_path), "/proc/self/fd/%d/%s.control", fd,
                     slash ? slash + 1 : *file);
    if (n < (int)sizeof(at->sun_path))
        return fd;
    close(fd);
    return err_set(e, ERR_SYSTEM, "control: the name of %s is too long for a socket", *file);
}

/* The user at the other end; no user has the number -1. */
static uid_t peer(int fd)
{
    struct ucred who;
    socklen_t size = sizeof(who);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 ? who.uid : (uid_t)-1;
}

/* -- the half that asks -- */

static json_t *question(const struct cli *c)
{
    json_t *args = json_array();
    for (int i = 0; i < c->arg_count; i++)
        json_array_append_new(args, json_string(c->args[i]));
    json_t *o = json_pack("{s:s, s:s, s:o, s:b}", "command", c->command->name, "sub", c->sub->name,
                          "args", args, "json", c->conf.json);
    if (c->secret)
        json_object_set_new(o, "secret", json_string(c->secret));
    return o;
}

static int send_question(int fd, const struct cli *c, struct err *e)
{
    json_t *o = question(c);
    char *text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    if (!text)
        return err_set(e, ERR_INPUT, "an argument is not UTF-8");
    size_t n = strlen(text);
    int r =
        n > ASK_MAX ? err_set(e, ERR_INPUT, "too many arguments") : fd_write_all(fd, text, n, e);
    sodium_memzero(text, n);
    free(text);
    return r < 0 || shutdown(fd, SHUT_WR) < 0 ? -1 : 0;
}

/* Reads one frame: its type into *kind, its bytes (which the caller frees) into *data. */
static int read_frame(int fd, char *kind, char **data, size_t *len, struct err *e)
{
    unsigned char head[FRAME_HEAD];
    uint32_t net;
    ssize_t n = fd_read_full(fd, head, sizeof(head), e);
    if (n != sizeof(head))
        return n < 0 ? -1 : err_set(e, ERR_SYSTEM, "the server went away");
    memcpy(&net, head + 1, sizeof(net));
    *kind = (char)head[0];
    *len = ntohl(net);
    if (*len > FRAME_MAX)
        return err_set(e, ERR_SYSTEM, "the server says what is none of its words");
    *data = mem_new(*len + 1);
    n = fd_read_full(fd, *data, *len, e);
    if (n == (ssize_t)*len)
        return 0;
    free(TAKE(*data));
    return n < 0 ? -1 : err_set(e, ERR_SYSTEM, "the server went away");
}

static int print_answer(int fd, const struct cli *c, enum cli_exit *status, struct err *e)
{
    for (;;) {
        char kind;
        AUTO(freep) char *data = NULL;
        size_t len;
        if (read_frame(fd, &kind, &data, &len, e) < 0)
            return err_wrap(e, "whether it was done is not known; look");
        if (kind == 'x') {
            *status = len == 1 && data[0] <= CLI_INPUT ? (enum cli_exit)data[0] : CLI_FAILED;
            return 0;
        }
        FILE *to = kind == 'e' ? c->err : c->out;
        fwrite(data, 1, len, to);
        fflush(to);
    }
}

int control_ask(const struct cli *c, bool *asked, enum cli_exit *status, struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    const char *file;
    struct sockaddr_un at;
    struct stat st;
    struct err ignored;
    *asked = false;
    AUTO(fd_closep) int dir = place(a, &c->conf, &file, &at, &ignored);
    AUTO(fd_closep) int fd = dir < 0 ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0; /* opening the database reports it */
    if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
        return errno == EACCES
                   ? err_set(e, ERR_DENIED, "a server has %s open; run this as its user or as root",
                             file)
                   : 0;
    uid_t who = peer(fd);
    if (stat(file, &st) < 0 || (who != 0 && who != st.st_uid))
        return err_set(e, ERR_DENIED, "who listens for %s is neither its owner nor root", file);
    *asked = true;
    return send_question(fd, c, e) < 0 ? -1 : print_answer(fd, c, status, e);
}

/* -- the half that listens -- */

struct control {
    const struct parts *lent;
    const struct cli *server;
    int dir_fd, listen_fd, stop_fd;
    struct sockaddr_un at;
    pthread_t thread;
};

/* One running command and its client. */
struct served {
    struct cli cli; /* first: flush() casts its argument to this struct */
    int fd;
    bool gone; /* the client has stopped reading */
    char *text[2];
    size_t len[2];
};

static void put_frame(struct served *s, char kind, const void *data, size_t len)
{
    unsigned char head[FRAME_HEAD] = {(unsigned char)kind};
    const uint32_t net = htonl((uint32_t)len);
    struct err ignored; /* of someone who has left nothing can be asked */
    memcpy(head + 1, &net, sizeof(net));
    s->gone = s->gone || fd_write_all(s->fd, head, sizeof(head), &ignored) < 0 ||
              fd_write_all(s->fd, data, len, &ignored) < 0;
}

static void put_text(struct served *s, int which)
{
    FILE *f = which ? s->cli.err : s->cli.out;
    fflush(f);
    long end = ftell(f); /* ftell gives the longest length that the stream ever had */
    if (end > 0 && end <= FRAME_MAX)
        put_frame(s, which ? 'e' : 'o', s->text[which], (size_t)end);
    rewind(f);
}

static void flush_served(struct cli *c)
{
    struct served *s = (struct served *)c;
    put_text(s, 0);
    put_text(s, 1);
}

/* Reads everything up to the end of the client's sending side: at most ASK_MAX bytes, within
 * ASK_MS, and not while the server stops. */
static int read_question(const struct control *t, int fd, char *text, size_t *len, struct err *e)
{
    const int64_t until = clock_mono_ms() + ASK_MS;
    for (*len = 0;;) {
        int64_t left = until - clock_mono_ms();
        struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = t->stop_fd, .events = POLLIN}};
        if (left <= 0 || poll(p, 2, (int)left) == 0)
            return err_set(e, ERR_INPUT, "it was not asked in time");
        if (p[1].revents)
            return err_set(e, ERR_STOPPED, "the server stops");
        ssize_t n = recv(fd, text + *len, ASK_MAX + 1 - *len, MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return err_set(e, ERR_SYSTEM, "recv: %s", strerror(errno));
        if (n == 0)
            return 0;
        if (n > 0)
            *len += (size_t)n;
        if (*len > ASK_MAX)
            return err_set(e, ERR_INPUT, "the question is too long");
    }
}

static int set_args(struct cli *c, struct arena *a, json_t *args, struct err *e)
{
    int count = (int)json_array_size(args);
    c->args = arena_get(a, ((size_t)count + 2) * sizeof(char *));
    c->arg_count = count + 1; /* the sub's name first */
    for (int i = 0; i < count; i++) {
        const char *arg = json_string_value(json_array_get(args, (size_t)i));
        if (!arg)
            return err_set(e, ERR_INPUT, "an argument is no text");
        c->args[i + 1] = arena_strdup(a, arg);
    }
    return 0;
}

/* Turns the question into a command that can run; its texts lie in the arena and in o. */
static int understand(const struct control *t, json_t *o, struct arena *a, struct cli *c,
                      struct err *e)
{
    const char *command, *sub, *secret = NULL;
    json_t *args;
    int json;
    json_error_t why;
    if (json_unpack_ex(o, &why, 0, "{s:s, s:s, s:o, s:b, s?s}", "command", &command, "sub", &sub,
                       "args", &args, "json", &json, "secret", &secret) < 0 ||
        !json_is_array(args))
        return err_set(e, ERR_INPUT, "it is not a question: %s", why.text);
    c->command = cli_find(command);
    if (!c->command || !c->command->subs)
        return err_set(e, ERR_INPUT, "that is no command of a server");
    c->conf = t->server->conf;
    c->conf.json = json;
    c->log = t->server->log;
    c->lent = t->lent;
    c->secret = secret;
    c->signal_fd = -1;
    if (set_args(c, a, args, e) < 0)
        return -1;
    c->args[0] = arena_strdup(a, sub);
    return 0;
}

static enum cli_exit run(struct control *t, struct served *s, json_t *o, struct arena *a)
{
    struct err e = {0};
    if (understand(t, o, a, &s->cli, &e) < 0) {
        fprintf(s->cli.err, "reelgate: %s\n", e.text);
        return CLI_USAGE;
    }
    struct cli *c = &s->cli;
    if (cli_pick_sub(c) != CLI_DONE || (c->sub->secret && !c->secret))
        return CLI_USAGE;
    enum cli_exit status = c->sub->run(c);
    log_info(c->log, "operator's command", "command", c->command->name, "sub", c->sub->name, "uid",
             (long long)peer(s->fd), "status", (int)status);
    return status;
}

/* One command, from the question to its exit status. */
static void serve(struct control *t, int fd)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    AUTO(freep) char *text = mem_new(ASK_MAX + 1);
    size_t len = 0;
    struct err e = {0};
    struct served s = {.fd = fd, .cli.flush = flush_served};
    s.cli.out = open_memstream(&s.text[0], &s.len[0]);
    s.cli.err = open_memstream(&s.text[1], &s.len[1]);
    const struct timeval patience = {.tv_sec = SEND_S};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    uid_t who = peer(fd);
    if (s.cli.out && s.cli.err && (who == 0 || who == geteuid())) {
        char status = CLI_FAILED;
        if (read_question(t, fd, text, &len, &e) == 0) {
            json_t *o = json_loadb(text, len, 0, NULL);
            status = (char)run(t, &s, o, a);
            json_decref(o);
        } else {
            fprintf(s.cli.err, "reelgate: %s\n", e.text);
        }
        flush_served(&s.cli);
        put_frame(&s, 'x', &status, 1);
    }
    sodium_memzero(text, ASK_MAX + 1);
    for (int i = 0; i < 2; i++) {
        FILE *f = i ? s.cli.err : s.cli.out;
        if (f)
            fclose(f);
        free(s.text[i]);
    }
}

static void *listen_on(void *arg)
{
    struct control *t = arg;
    for (;;) {
        struct pollfd p[2] = {{.fd = t->listen_fd, .events = POLLIN},
                              {.fd = t->stop_fd, .events = POLLIN}};
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (p[1].revents)
            return NULL;
        AUTO(fd_closep)
        int fd = p[0].revents ? accept4(t->listen_fd, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (fd >= 0) {
            serve(t, fd);
        } else if (p[0].revents && errno != EINTR && errno != EAGAIN && errno != ECONNABORTED) {
            /* the client stays in the queue, so poll would return at once */
            log_warn(t->server->log, "an operator's command has to wait", "why", strerror(errno));
            (void)poll(&p[1], 1, AGAIN_MS);
        }
    }
}

static int open_socket(struct control *t, struct err *e)
{
    struct sockaddr_un *at = &t->at;
    t->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    t->stop_fd = eventfd(0, EFD_CLOEXEC);
    /* A killed server leaves its socket behind; the lock on the database proves that it is gone. */
    if (unlink(at->sun_path) < 0 && errno != ENOENT)
        return err_set(e, ERR_SYSTEM, "control: unlink: %s", strerror(errno));
    /* Before listen nobody can connect, whatever the umask has made of the mode. */
    if (t->listen_fd < 0 || t->stop_fd < 0 ||
        bind(t->listen_fd, (const struct sockaddr *)at, sizeof(*at)) < 0 ||
        chmod(at->sun_path, 0600) < 0 || listen(t->listen_fd, SOMAXCONN) < 0)
        return err_set(e, ERR_SYSTEM, "control: socket: %s", strerror(errno));
    return 0;
}

static void control_free(struct control *t)
{
    fd_closep(&t->listen_fd);
    fd_closep(&t->stop_fd);
    fd_closep(&t->dir_fd);
    free(t);
}

int control_start(struct control **out, const struct parts *lent, const struct cli *c,
                  struct err *e)
{
    const char *file;
    *out = NULL;
    if (store_shared(lent->store))
        return 0;
    struct control *t = mem_new(sizeof(*t));
    *t = (struct control){lent, c, -1, -1, -1, {0}, 0};
    t->dir_fd = place(lent->arena, &c->conf, &file, &t->at, e);
    if (t->dir_fd < 0 || open_socket(t, e) < 0) {
        control_free(t);
        return -1;
    }
    if (pthread_create(&t->thread, NULL, listen_on, t) != 0) {
        (void)unlink(t->at.sun_path);
        control_free(t);
        return err_set(e, ERR_SYSTEM, "control: no thread");
    }
    *out = t;
    return 0;
}

void control_stop(struct control *t)
{
    if (!t)
        return;
    const uint64_t one = 1;
    (void)fd_write_all(t->stop_fd, &one, sizeof(one), NULL);
    pthread_join(t->thread, NULL);
    (void)unlink(t->at.sun_path);
    control_free(t);
}
