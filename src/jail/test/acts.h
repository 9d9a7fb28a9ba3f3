/* What the test helper's child does: order->start_us names it. The answer of an act that only asks
 * comes in report.body_us: 0 when it was let through, else the errno. */
#pragma once
#include "core/reel.h"

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
    ACT_WANT,         /* asks for a bumper of act_shape(); body_us: its bytes, 0 when there is none,
                         -1 when it is not to be trusted with the descriptor */
    ACT_WANT_OFTEN,   /* asks until it is stopped, and hears the answers */
    ACT_WANT_FLOOD,   /* asks 1000 times and hears none */
    ACT_WANT_BAD,     /* asks for a shape that none can have */
    ACT_WANT_HUGE,    /* asks for a shape that no reel of its has */
    ACT_FAR,          /* reads all of a far clip, odd pieces from odd places, through jail_fetch;
                         body_us: how many bytes were not as far_byte() says */
    ACT_FAR_HEAD,     /* reads the first limits.max_streams bytes of it, piece after piece */
    ACT_FAR_BEYOND,   /* asks for blocks behind its end */
    ACT_FAR_ODD,      /* asks for half a block */
    ACT_FAR_FLOOD,    /* asks without end and hears no answer */
    ACT_FAR_OFTEN,    /* asks for the first block without end */
    ACT_RECEIVE,      /* receives from another descriptor than its socket */
};

/* Byte `at` of a far clip. */
static inline unsigned char far_byte(int64_t at)
{
    return (unsigned char)(at * 7 + at / 65536 + 1);
}

/* What a child that is to make a bumper does: shape.crf names it. limits.max_streams of the job
 * that asks is the crf that it asks for. */
enum bump {
    BUMP_HONEST, /* BUMP_BYTES: all of the width's low byte, the logo's first byte, the sum */
    BUMP_FAIL,
    BUMP_NO_SUM,
    BUMP_EMPTY,
    BUMP_SLOW,   /* BUMP_SLOW_MS, then honest */
    BUMP_FREEZE, /* for ever */
    BUMP_WANTS,  /* asks for a bumper itself */
    BUMP_BIG,    /* larger than a child may write */
};
enum { BUMP_BYTES = 5000, BUMP_SLOW_MS = 900 };
static inline struct bumper_shape act_shape(int crf)
{
    return (struct bumper_shape){.width = 640,
                                 .height = 360,
                                 .coded_width = 640,
                                 .coded_height = 368,
                                 .fps_num = 25,
                                 .fps_den = 1,
                                 .frames = 50,
                                 .profile_idc = 100,
                                 .level_idc = 31,
                                 .set_id = 1,
                                 .primaries = 1,
                                 .transfer = 1,
                                 .matrix = 1,
                                 .crf = crf,
                                 .preset = "veryfast"};
}
