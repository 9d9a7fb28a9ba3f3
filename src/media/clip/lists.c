#include "media/clip/lists.h"

#include "core/err.h"
#include "core/mem.h"

#include <libavutil/avstring.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A demuxer is allowed by any of its names, a decoder by its own name. */
const char media_formats_allowed[] =
    "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg," /* what people upload */
    "mxf,dv,rm,"                                         /* formats of cameras and of old files */
    "h264,hevc,m4v,mpegvideo,ivf,obu,"                   /* pictures alone, without a container */
    "gif,apng";                                          /* pictures that move */
const char media_codecs_allowed[] =
#define ACCEPT(names, why) names ","
#define REFUSE(names, why) ""
#include "media/clip/decoders.def"
#undef ACCEPT
#undef REFUSE
    ;
/* Known but refused formats, so that the error can name the file's format. */
static const char formats_list[] = "hls,dash,concat,sdp,webm_dash_manifest,rtsp,imf";
static const char formats_image[] = "image2,ico,mjpeg,mjpeg_2000,webp_pipe,fits";
static const char formats_sound[] =
    "mp3,wav,w64,flac,aac,ac3,eac3,amr,amrnb,amrwb,aiff,au,ape,wv,tta,tak,mpc,mpc8,dts,dtshd,caf,"
    "dsf,truehd,mlp,voc,oma,loas,shn,xwma,iss,sox,rso,spdif,gsm,latm,aax,aa,bit,qcp,codec2";
static const char formats_video[] =
    "nut,gxf,vc1,vc1test,ivr,av1,yuv4mpegpipe,h261,h263,dirac,cavsvideo,avs2,avs3,wtv,nsv,r3d,bink,"
    "smk,flic,roq,swf,film_cpk,pmp,vivo,live_flv,asf_o,mpegtsraw,rawvideo,dhav,lvf,mtv,mv,nuv,rpl,"
    "ty,xmv,4xm,c93,dxa,iv8,kux";

static bool listed(const char *name, const char *list)
{
    return av_match_list(name, list, ',') > 0;
}

enum format_kind media_format_kind(const char *name)
{
    size_t n = strlen(name);
    if (listed(name, formats_list))
        return FORMAT_LIST;
    if (listed(name, media_formats_allowed))
        return FORMAT_CLIP;
    if (listed(name, formats_image) || (n > 5 && strcmp(name + n - 5, "_pipe") == 0))
        return FORMAT_IMAGE;
    if (listed(name, formats_sound) || strncmp(name, "pcm", 3) == 0)
        return FORMAT_SOUND;
    return listed(name, formats_video) ? FORMAT_REFUSED : FORMAT_OTHER;
}

const AVCodec *media_decoder_of(const AVStream *st)
{
    const AVCodec *c = avcodec_find_decoder(st->codecpar->codec_id);
    return c && listed(c->name, media_codecs_allowed) ? c : NULL;
}

/* Codings that this libav does not know. */
static const struct {
    char tag[5];
    const char *name;
} tags[] = {
    {"aprn", "Apple ProRes RAW"}, {"aprh", "Apple ProRes RAW HQ"}, {"vvc1", "H.266 / VVC"},
    {"vvi1", "H.266 / VVC"},      {"braw", "Blackmagic RAW"},      {"brxq", "Blackmagic RAW"},
    {"brst", "Blackmagic RAW"},   {"CRAW", "Canon RAW"},           {"apv1", "APV"},
};

int media_codec_refused(const AVStream *st, struct err *e)
{
    const AVCodecParameters *p = st->codecpar;
    const AVCodecDescriptor *d = avcodec_descriptor_get(p->codec_id);
    const char tag[] = {(char)p->codec_tag, (char)(p->codec_tag >> 8), (char)(p->codec_tag >> 16),
                        (char)(p->codec_tag >> 24), '\0'};
    const char *name = d ? d->long_name ? d->long_name : d->name : tag;
    for (size_t i = 0; i < LEN(tags) && !d; i++)
        if (strcmp(tags[i].tag, tag) == 0)
            name = tags[i].name;
    (void)err_msg(e, MSG_CODEC_UNSUPPORTED, "clip: codec %s (%s) is not on the list",
                  avcodec_get_name(p->codec_id), d ? "" : name);
    err_format(e, name);
    return -1;
}

void media_input_warm_up(void)
{
    char name[32];
    for (const char *p = media_codecs_allowed; *p;) {
        size_t n = strcspn(p, ",");
        snprintf(name, sizeof(name), "%.*s", (int)n, p);
        (void)avcodec_find_decoder_by_name(name);
        p += n + (p[n] == ',');
    }
    (void)av_find_input_format("mov");
}
