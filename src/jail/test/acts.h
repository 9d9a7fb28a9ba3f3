/* What the test helper's child does: order->start_us names it. The answer of an act that only asks
 * comes in report.body_us: 0 when it was let through, else the errno. */
#pragma once

enum act {
    ACT_HONEST,   /* reads the clip, works in threads, writes reel and poster, tells progress */
    ACT_FAIL,     /* says that the clip has no video */
    ACT_OPEN,     /* opens "/" */
    ACT_OPEN_ETC, /* opens /etc/passwd */
    ACT_SOCKET,
    ACT_CONNECT, /* to 127.0.0.1, port limits.max_streams */
    ACT_EXEC,
    ACT_FORK,
    ACT_CLONE, /* a process by the call that threads are made with */
    ACT_PTRACE,
    ACT_KILL,         /* its parent */
    ACT_MAP_CODE,     /* memory that can be executed */
    ACT_PROTECT_CODE, /* memory made executable later */
    ACT_PRCTL,        /* any other than naming a thread */
    ACT_X32,          /* a call by its x32 number */
    ACT_FDS,          /* body_us: bits of the descriptors that are open */
    ACT_ENV,          /* body_us: how many variables it has besides the two it is given */
    ACT_FREEZE,       /* says nothing more */
    ACT_SPIN,         /* uses the processor for ever */
    ACT_HOG,          /* uses memory until there is no more, and crashes on it */
    ACT_BIG,          /* writes without end */
    ACT_CRASH,        /* touches what is not there */
    ACT_ABORT,        /* an assertion fails */
    ACT_EXIT,         /* ends well and says nothing */
    ACT_GARBAGE,      /* words that are none */
    ACT_OVERSIZE,     /* a word larger than any */
    ACT_BAD_ENUM,     /* a report with a path that is none */
    ACT_BAD_BOOL,     /* a report with a bool of 2 */
    ACT_BAD_TEXT,     /* a report with a text that does not end */
    ACT_TWICE,        /* two reports */
    ACT_REPEAT,       /* the same progress again and again */
    ACT_BLAME,        /* fails with a message that is not a child's to use */
    ACT_EXITED,       /* speaks as if it were the helper */
    ACT_LATE_EXIT,    /* a good report, then a bad exit status */
};
