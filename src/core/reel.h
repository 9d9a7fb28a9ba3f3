/* core/reel: the words of the trade, shared by rooms that may not look at each other: the profile
 * that a reel is made by, what is asked of one render, the facts of a clip and of a reel, and the
 * report of how it went. Plain data of fixed size, so that it can cross the jail's socket as it is;
 * whoever receives one from a child calls its _check first. */
#pragma once
#include "core/message.h"

#include <stdbool.h>
#include <stdint.h>

struct err;

/* How a clip that is not 16:9 is brought there. */
enum fit { FIT_PAD, FIT_BLUR, FIT_CROP, FIT_STRETCH, FIT_COUNT_ };
const char *fit_name(enum fit f); /* "pad", ... */
bool fit_from_name(const char *name, enum fit *out);
const char *const *fit_names(void); /* all of them, and NULL */
/* In wishes: as the profile says. */
enum { FIT_UNSAID = FIT_COUNT_ };

/* The way a reel was made. */
enum path { PATH_NONE, PATH_COPY, PATH_ENCODE, PATH_COUNT_ };
const char *path_name(enum path p); /* "none", "copy", "encode" */

/* How reels are made; the house's standard form. */
struct profile {
    int64_t bumper_us;  /* each end */
    int64_t longest_us; /* whole reel, bumpers included */
    enum fit fit;       /* when the task does not say */
    int max_width, max_height;
    int max_fps;
    int shape_tolerance; /* thousandths by which a picture may miss 16:9 and still be called so */
    int crf;
    char preset[16]; /* x264's name */
    int audio_bits_per_s;
    int audio_hz;
};
struct profile profile_default(void);

/* Limits inside the child; each guards against a trap that doc/architecture.md names. */
struct media_limits {
    int64_t max_pixels;      /* of one coded picture */
    int64_t max_duration_us; /* believed of a clip */
    int64_t max_gap_us;      /* between two pictures */
    int max_streams;
    int64_t probe_bytes; /* read to find out what a clip is */
    int64_t max_alloc;   /* one allocation of libav */
    int threads;         /* of the decoder and of the encoder each */
};
struct media_limits media_limits_default(void);

/* All that the packets of a bumper depend on besides the logo's bytes and the encoder's version, so
 * that they can lie in one H.264 track with what comes after them. Numbers of the picture are those
 * of ITU-T H.264 and H.273. */
struct bumper_shape {
    int width, height;             /* of the shown picture: even */
    int coded_width, coded_height; /* in whole blocks of 16: what is cut off lies right and below */
    int sar_num, sar_den;          /* shape of a pixel; 0: not said */
    int fps_num, fps_den;
    int64_t frames;
    int profile_idc; /* 66, 77 or 100 */
    int constraints; /* the byte between profile and level in a parameter set */
    int level_idc;   /* 0: as the encoder finds it */
    int set_id;      /* id of its SPS and PPS, 0..31: none that the clip uses */
    bool full_range;
    int primaries, transfer, matrix; /* 2: not said */
    int crf;
    char preset[16];
};
/* 0 when every number is within what an encoder may be asked for. */
int bumper_shape_check(const struct bumper_shape *b, struct err *e);

/* What one child is asked. */
enum render_op {
    RENDER_PROBE,  /* facts of the input and the plan, nothing written */
    RENDER_MAKE,   /* the reel and its poster */
    RENDER_VERIFY, /* the input is a reel of ours: its facts, read fresh, decoded at its seams */
    RENDER_BUMPER, /* the packets of a bumper into the reel descriptor; there is no clip */
    RENDER_LOGO, /* the logo part as a JPEG into the poster descriptor, if there is one; no clip */
};
enum { LOGO_SHOWN_WIDTH = 1280, LOGO_SHOWN_HEIGHT = 720 }; /* by RENDER_LOGO */
struct render_order {
    enum render_op op;
    struct profile profile;
    struct media_limits limits;
    enum fit fit;
    int64_t start_us; /* where the clip part begins */
    bool force_encode;
    bool careful; /* encode with the plainest settings: what was made before failed its receipt */
    bool poster;  /* write a JPEG to the poster descriptor */
    struct bumper_shape bumper; /* RENDER_BUMPER */
    /* RENDER_VERIFY: by who made it, the length of the clip part, the pictures of the whole reel
     * and those a second (0: not said), and whether those of the clip part keep the clip's times
     * instead */
    int64_t body_us, frames;
    int fps_num, fps_den;
    bool variable_rate;
};

/* What a clip or a reel is. Unknown numbers are 0, unknown texts "". */
struct media_facts {
    char container[24]; /* "mp4", "matroska", ... */
    int64_t bytes;
    int64_t duration_us; /* of the picture */
    char video_codec[24], audio_codec[24];
    char video_profile[32];
    char pixel_format[24];
    int coded_width, coded_height;     /* as stored */
    int display_width, display_height; /* square pixels, upright */
    int rotation;                      /* clockwise degrees that a player applies: 0 90 180 270 */
    bool mirrored;
    int sar_num, sar_den;
    int fps_num, fps_den;
    bool variable_rate, interlaced, hdr;
    int bit_depth;
    int64_t frames; /* 0 when not counted */
    int audio_hz, audio_channels;
    int64_t audio_duration_us;
    int video_tracks, audio_tracks;
    bool faststart; /* index before the data */
};
/* 0 when every number and text is within what can be. */
int media_facts_check(const struct media_facts *f, struct err *e);

/* The receipt: what was looked at in a finished reel, by a child that never saw the clip. */
enum receipt_item {
    RECEIPT_FORM,    /* one avc1 and one mp4a description, the index first, nothing in fragments */
    RECEIPT_TIMES,   /* the times of every packet of both tracks */
    RECEIPT_SHAPE,   /* shown as 16:9 within the profile's tolerance, upright, inside the profile */
    RECEIPT_LENGTH,  /* bumpers and body are as long as was said, within a frame */
    RECEIPT_BUMPERS, /* pictures of a bumper at both ends */
    RECEIPT_SEAMS,   /* the pictures around both seams decode without a complaint */
    RECEIPT_SYNC,    /* sound against picture at both seams and at the end */
    RECEIPT_ITEMS
};
const char *receipt_item_name(enum receipt_item i); /* "form", ... */
struct receipt {
    unsigned held;            /* 1 << enum receipt_item for each that holds */
    int64_t pictures, sounds; /* packets of the two tracks */
    int64_t decoded;          /* pictures that were decoded */
    int64_t sync_us[3];       /* at the first seam, the second, the end; + sound late */
    int64_t length_error_us;  /* against what was said */
    int width, height;        /* of its pictures as they are stored */
    int sar_num, sar_den;     /* and the shape of a pixel */
};
enum { RECEIPT_ALL = (1 << RECEIPT_ITEMS) - 1 };

/* What a good reel lacks of its clip: told to its owner, in their language. */
enum reel_warning {
    WARNING_SOUND_UNREADABLE, /* there is sound, and the reel is silent */
    WARNING_SOUND_OTHER,      /* another track than the one that a player would take */
    WARNING_SOUND_DAMAGED,    /* parts of it are silent */
    WARNING_PICTURES_DAMAGED, /* some show what could be read, or were left out */
    WARNING_CLIP_CUT,         /* the file ends before it says; the reel has what is there */
    REEL_WARNINGS
};
enum { REEL_WARNINGS_ALL = (1 << REEL_WARNINGS) - 1 };
enum msg reel_warning_message(enum reel_warning w); /* core/message.h: its code and sentence */

enum { REASON_SIZE = 200 };
/* How one child's work went. */
struct render_report {
    enum path path;
    char
        reason[REASON_SIZE]; /* why this path and what was done to the clip, one English sentence */
    struct media_facts in, out;
    int64_t poster_bytes;
    int64_t body_us; /* length of the clip part */
    int64_t sync_us; /* sound against picture, the largest at seams and end; + sound late */
    int64_t wall_us; /* inside the child */
    int64_t peak_memory_bytes; /* resident, of the child */
    bool remade;               /* what was made first failed its receipt; reason says why */
    struct receipt receipt;    /* of a RENDER_VERIFY */
    unsigned warnings;         /* 1 << enum reel_warning */
};
int render_report_check(const struct render_report *r, struct err *e);
