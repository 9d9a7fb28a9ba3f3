/* core/reel: the data that rooms without access to each other share: the profile of a reel, the
 * order for one render, the facts of a clip and of a reel, and the report of a render. All structs
 * are plain data of fixed size, so they cross the jail's socket unchanged. Call the _check function
 * of each struct that comes from a child. */
#pragma once
#include "core/message.h"

#include <stdbool.h>
#include <stdint.h>

struct err;

/* How a clip that is not 16:9 becomes 16:9. */
enum fit { FIT_PAD, FIT_BLUR, FIT_CROP, FIT_STRETCH, FIT_COUNT_ };
const char *fit_name(enum fit f); /* "pad", ... */
bool fit_from_name(const char *name, enum fit *out);
const char *const *fit_names(void); /* all names, then NULL */
/* In options of a task: use the fit of the profile. */
enum { FIT_UNSAID = FIT_COUNT_ };

/* How a reel was made. */
enum path { PATH_NONE, PATH_COPY, PATH_ENCODE, PATH_COUNT_ };
const char *path_name(enum path p); /* "none", "copy", "encode" */

/* How reels are made. profile_default() is the standard profile. */
struct profile {
    int64_t bumper_us;  /* of each of the two bumpers */
    int64_t longest_us; /* of the whole reel, bumpers included */
    enum fit fit;       /* for tasks that name no fit */
    int max_width, max_height;
    int max_fps;
    int shape_tolerance; /* thousandths by which a picture may differ from 16:9 and still count as
                            16:9 */
    int crf;
    char preset[16]; /* an x264 preset */
    int audio_bits_per_s;
    int audio_hz;
};
struct profile profile_default(void);

/* Limits inside the child, against clips that claim or cost too much (doc/architecture.md). */
struct media_limits {
    int64_t max_pixels;      /* of one coded picture */
    int64_t max_duration_us; /* the longest duration that a clip may claim */
    int64_t max_gap_us;      /* between two consecutive pictures */
    int max_streams;
    int64_t probe_bytes; /* read to identify the clip */
    int64_t max_alloc;   /* one allocation of libav */
    int threads;         /* of the decoder, and of the encoder */
};
struct media_limits media_limits_default(void);

/* Everything that determines a bumper's packets, besides the logo's bytes and the encoder's
 * version. A bumper with these values fits into one H.264 track with the packets that follow it.
 * The numbers of the bitstream are those of ITU-T H.264 and H.273. */
struct bumper_shape {
    int width, height;             /* of the displayed picture; even */
    int coded_width, coded_height; /* in whole blocks of 16; cropped right and below */
    int sar_num, sar_den;          /* sample aspect ratio; 0: unspecified */
    int fps_num, fps_den;
    int64_t frames;
    int profile_idc; /* 66, 77 or 100 */
    int constraints; /* the byte of constraint flags in the SPS */
    int level_idc;   /* 0: the encoder chooses */
    int set_id;      /* id of its SPS and PPS, 0..31; the clip uses another id */
    bool full_range;
    int primaries, transfer, matrix; /* 2: unspecified */
    int crf;
    char preset[16];
};
/* The largest files that a child reads, in bytes: a logo, and the packets of a bumper. */
enum { LOGO_FILE_BYTES_MAX = 16 << 20, BUMPER_FILE_BYTES_MAX = 32 << 20 };
/* Returns 0 when every number is in the range that the encoder accepts. */
int bumper_shape_check(const struct bumper_shape *b, struct err *e);

/* The kinds of work for one child. */
enum render_op {
    RENDER_PROBE,  /* reads the facts of the input and makes the plan; writes nothing */
    RENDER_MAKE,   /* makes the reel and its poster */
    RENDER_VERIFY, /* reads the facts of one of our reels afresh and decodes pictures at its seams
                    */
    RENDER_BUMPER, /* writes the packets of a bumper to the reel descriptor; there is no clip */
    RENDER_LOGO, /* writes the logo part as a JPEG to the poster descriptor, if there is one; there
                    is no clip */
};
enum { LOGO_SHOWN_WIDTH = 1280, LOGO_SHOWN_HEIGHT = 720 }; /* size of the JPEG of RENDER_LOGO */
struct render_order {
    enum render_op op;
    struct profile profile;
    struct media_limits limits;
    enum fit fit;
    int64_t start_us; /* where the clip part begins */
    bool force_encode;
    bool careful; /* encode with the plainest settings, because the previous reel failed its receipt
                   */
    bool poster;  /* write a JPEG to the poster descriptor */
    struct bumper_shape bumper; /* for RENDER_BUMPER */
    /* For RENDER_VERIFY, the values that the maker of the reel reported: length of the clip part,
     * pictures of the whole reel, pictures per second (0: not reported), and whether the clip part
     * keeps the clip's own times instead of a constant rate. */
    int64_t body_us, frames;
    int fps_num, fps_den;
    bool variable_rate;
};

/* The facts of a clip or a reel. An unknown number is 0, an unknown text "". */
struct media_facts {
    char container[24]; /* "mp4", "matroska", ... */
    int64_t bytes;
    int64_t duration_us; /* of the video track */
    char video_codec[24], audio_codec[24];
    char video_profile[32];
    char pixel_format[24];
    int coded_width, coded_height;     /* as stored */
    int display_width, display_height; /* square pixels, upright */
    int rotation; /* clockwise degrees that a player applies: 0, 90, 180, 270 */
    bool mirrored;
    int sar_num, sar_den;
    int fps_num, fps_den;
    bool variable_rate, interlaced, hdr;
    int bit_depth;
    int64_t frames; /* 0 when not counted */
    int audio_hz, audio_channels;
    int64_t audio_duration_us;
    int video_tracks, audio_tracks;
    bool faststart; /* the index comes before the data */
};
/* Returns 0 when every number and text is in its possible range. */
int media_facts_check(const struct media_facts *f, struct err *e);

/* The receipt: the checks of a finished reel, made by a child that never saw the clip. */
enum receipt_item {
    RECEIPT_FORM,    /* one avc1 and one mp4a description, index first, no fragments */
    RECEIPT_TIMES,   /* the times of every packet of both tracks are right */
    RECEIPT_SHAPE,   /* 16:9 within the profile's tolerance, upright, inside the profile's size */
    RECEIPT_LENGTH,  /* bumpers and body have the reported lengths, within a frame */
    RECEIPT_BUMPERS, /* both ends show the pictures of a bumper */
    RECEIPT_SEAMS,   /* the pictures around both seams decode without an error */
    RECEIPT_SYNC,    /* sound and picture are in step at both seams and at the end */
    RECEIPT_ITEMS
};
const char *receipt_item_name(enum receipt_item i); /* "form", ... */
struct receipt {
    unsigned held;            /* 1 << enum receipt_item for each check that holds */
    int64_t pictures, sounds; /* packets of the two tracks */
    int64_t decoded;          /* number of decoded pictures */
    int64_t sync_us[3];       /* at both seams and the end; positive: late sound */
    int64_t length_error_us;  /* measured length minus reported length */
    int width, height;        /* of the stored pictures */
    int sar_num, sar_den;     /* sample aspect ratio */
};
enum { RECEIPT_ALL = (1 << RECEIPT_ITEMS) - 1 };

/* Warnings for the owner of a good reel: what the reel lacks of its clip. */
enum reel_warning {
    WARNING_SOUND_UNREADABLE, /* the clip has sound, and the reel is silent */
    WARNING_SOUND_OTHER,      /* the sound is of another track than a player would choose */
    WARNING_SOUND_DAMAGED,    /* parts of the sound are silent */
    WARNING_PICTURES_DAMAGED, /* some pictures are incomplete or left out */
    WARNING_CLIP_CUT, /* the file is shorter than it claims; the reel has the part that exists */
    REEL_WARNINGS
};
enum { REEL_WARNINGS_ALL = (1 << REEL_WARNINGS) - 1 };
enum msg reel_warning_message(enum reel_warning w); /* its code and sentence (core/message.h) */

enum { REASON_SIZE = 200 };
/* The report of one child's work. */
struct render_report {
    enum path path;
    char reason[REASON_SIZE]; /* why this path, and what was changed of the clip: one English
                                 sentence */
    struct media_facts in, out;
    int64_t poster_bytes;
    int64_t body_us;           /* length of the clip part */
    int64_t sync_us;           /* sound against picture, largest; positive: late sound */
    int64_t wall_us;           /* time inside the child */
    int64_t peak_memory_bytes; /* resident memory of the child */
    bool remade;               /* the first reel failed its receipt; reason says why */
    struct receipt receipt;    /* of RENDER_VERIFY */
    unsigned warnings;         /* 1 << enum reel_warning */
};
int render_report_check(const struct render_report *r, struct err *e);
