/* The kernel's data on this process, under the metric names that every Prometheus client library
 * uses. A value that cannot be read keeps its old value. */
#include "core/fd.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

static bool read_text(const char *path, char *out, size_t size)
{
    AUTO(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? fd_read_full(fd, out, size - 1, NULL) : -1;
    out[n > 0 ? n : 0] = 0;
    return n > 0;
}

/* Seconds since 1970 at which the machine came up; 0: unknown. */
static double boot_time(void)
{
    char text[16384];
    const char *line =
        read_text("/proc/stat", text, sizeof(text)) ? strstr(text, "\nbtime ") : NULL;
    return line ? strtod(line + 7, NULL) : 0;
}

/* The fields of /proc/self/stat are counted from 1; the second is a name in brackets. */
static void put_stat(struct metrics *m)
{
    enum { UTIME = 14, STIME = 15, NUM_THREADS = 20, START = 22, VSIZE = 23, RSS = 24, FIELDS };
    char text[2048];
    double field[FIELDS] = {0};
    const char *p = read_text("/proc/self/stat", text, sizeof(text)) ? strrchr(text, ')') : NULL;
    if (!p)
        return;
    p += 2;
    for (int i = 3; i < FIELDS; i++) {
        field[i] = strtod(p, NULL);
        p += strcspn(p, " ");
        p += *p == ' ';
    }
    double ticks = (double)sysconf(_SC_CLK_TCK), boot = boot_time();
    METRIC_SET(m, METRIC_CPU, (field[UTIME] + field[STIME]) / ticks);
    METRIC_SET(m, METRIC_THREADS, field[NUM_THREADS]);
    METRIC_SET(m, METRIC_VIRTUAL, field[VSIZE]);
    METRIC_SET(m, METRIC_RESIDENT, field[RSS] * (double)sysconf(_SC_PAGESIZE));
    if (boot > 0)
        METRIC_SET(m, METRIC_STARTED, boot + field[START] / ticks);
}

void metrics_process(struct metrics *m)
{
    struct rlimit most;
    put_stat(m);
    if (getrlimit(RLIMIT_NOFILE, &most) == 0)
        METRIC_SET(m, METRIC_MAX_FDS, (double)most.rlim_cur);
    DIR *d = opendir("/proc/self/fd");
    if (!d)
        return;
    int count = -1; /* not the one that looks */
    for (const struct dirent *x; (x = readdir(d));)
        count += x->d_name[0] != '.';
    closedir(d);
    METRIC_SET(m, METRIC_OPEN_FDS, count);
}
