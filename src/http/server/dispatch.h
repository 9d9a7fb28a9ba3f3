/* http/server/dispatch: the life of a request: callbacks of libmicrohttpd. cls is the server. */
#pragma once
#include <microhttpd.h>
#include <stddef.h>

struct request;

void dispatch_connection(void *cls, struct MHD_Connection *conn, void **context,
                         enum MHD_ConnectionNotificationCode code);
void *dispatch_line(void *cls, const char *uri, struct MHD_Connection *conn);
enum MHD_Result dispatch_access(void *cls, struct MHD_Connection *conn, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *data_bytes, void **con_cls);
void dispatch_done(void *cls, struct MHD_Connection *conn, void **con_cls,
                   enum MHD_RequestTerminationCode how);
/* For the pool: runs the handler; puts an answer in every case. */
void dispatch_run(struct request *r);
