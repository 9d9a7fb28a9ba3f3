/* media/copy/begin: the beginning of a copied body: what is encoded before the first picture that
 * can be copied, and the reel's headers, bumper and early sound, for which that picture must be
 * known. Room-internal. Each returns 0, or -1: refused (pass.h), or with *e. */
#pragma once
#include "media/copy/pass.h"

/* A picture before the first IDR picture that is shown; takes the packet's reference. */
int begin_wait(struct copy *c, AVPacket *p, bool idr);
/* At the IDR picture that ends them: encodes those that waited. */
int begin_waited(struct copy *c, struct err *e);
/* Encodes the pictures that `order` names to stand before those that are copied. Fills the rest of
 * the order. */
int begin_head(struct copy *c, struct recode_order *order, struct err *e);
/* At the IDR picture from which on the clip is copied: opens the reel, and writes all that comes
 * before that picture. */
int begin_body(struct copy *c, const AVPacket *p, struct err *e);
