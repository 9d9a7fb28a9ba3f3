/* A jail without children, for the worker's own tests: the link takes these jail functions instead
 * of the real ones. What becomes of a clip is written in the clip itself, behind CLIP_HEAD, which
 * makes it look like one. */
#pragma once
#include "jail/jail.h"

#include <stdbool.h>

#define CLIP_HEAD                                                                                  \
    "\0\0\0\x18"                                                                                   \
    "ftypisom\0\0\2\0isommp41"

/* What a clip may ask for. Everything else makes a reel. */
#define CLIP_BAD      "bad"      /* MSG_NO_VIDEO: the clip's fault */
#define CLIP_HOSTILE  "hostile"  /* MSG_CLIP_HOSTILE */
#define CLIP_POISON   "poison"   /* ERR_SYSTEM each time */
#define CLIP_OURS     "ours"     /* ERR_SYSTEM the first time */
#define CLIP_SLOW     "slow"     /* at half, ticks until stand_in_release */
#define CLIP_FROZEN   "frozen"   /* the first attempt does not tick until stand_in_release */
#define CLIP_NO_INDEX "no index" /* the reel does not pass the second child */
#define CLIP_CRASHES  "crashes"  /* the reel takes the second child down */
#define CLIP_SHORT    "short"    /* the second child sees less of the clip than was made */
#define CLIP_CHANGED  "changed"  /* the second child sees another number of bytes */
/* Copied reels; encoded they are good, but for the last. */
#define CLIP_COPY         "copy"         /* a good one */
#define CLIP_COPY_FAILS   "copy fails"   /* it does not pass the second child */
#define CLIP_COPY_CRASHES "copy crashes" /* it takes the second child down */
#define CLIP_COPY_LOST    "copy lost"    /* the helper is lost while the second child looks */
#define CLIP_COPY_NEVER   "copy never"   /* nor does it pass when encoded */
/* Encoded, it passes when it was made with care. */
#define CLIP_ENCODE_FAILS "encode fails"
#define CLIP_PLAIN        "plain" /* no poster */
#define CLIP_JUNK         "junk"  /* a poster that is no picture */

/* What a picture may ask for that is drawn as a logo. Everything else is drawn. */
#define LOGO_SLOW   "slow"   /* waits for stand_in_release */
#define LOGO_NONE   "none"   /* MSG_LOGO_TYPE */
#define LOGO_EATS   "eats"   /* MSG_MEMORY_LIMIT */
#define LOGO_SILENT "silent" /* nothing is drawn */
#define LOGO_DRAWN  "\xff\xd8\xff drawn"

enum { STAND_IN_BODY_US = 16000000, STAND_IN_PEAK = 12345678 };
#define STAND_IN_REEL    "a reel of "
#define STAND_IN_ENCODED " encoded" /* behind what had to be */
#define STAND_IN_CAREFUL " carefully"
#define STAND_IN_POSTER  "\xff\xd8\xff\xe0 a poster"

/* What was seen since stand_in_reset. */
struct stand_in_seen {
    int made, looked; /* children of either kind */
    int forced;       /* of those that make: had to encode */
    int careful;      /* and with care */
    int stopped;      /* by their tick */
    int at_once;      /* most at the same time */
    int now;
    int64_t started_us, stopped_ms; /* clocks of the last; monotonic */
    struct render_order make, look; /* the last */
    int64_t make_wall_ms, look_wall_ms, silence_ms;
    bool make_logo_given; /* then it can only be read, and these are its first bytes */
    char make_logo[16];
    int made_crf[8]; /* of the first that were made */
    int drawn;       /* logos */
    bool drawn_good; /* the last one's descriptors were as they should be */
    /* whether each descriptor was there and could do just what it is for */
    bool make_fds_good, look_fds_good;
};
void stand_in_reset(void);
void stand_in_release(void);
struct stand_in_seen stand_in_seen(void);
int64_t stand_in_now_us(void);
