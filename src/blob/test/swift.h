/* A real S3 server for the tests of this room: OpenStack Swift (script/swift), started when first
 * asked for. */
#pragma once

struct blob;

/* Its endpoint; there is one bucket, "bucket". Sets the keys in the environment. */
const char *swift_start(void);
/* As a machine that loses power; and up again on the same port and disk. */
void swift_crash(void);
void swift_again(void);
void swift_stop(void);
/* All objects below the prefix of an open storage, and uploads that are not finished. */
int swift_objects(struct blob *b);
