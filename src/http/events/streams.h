/* http/events/streams: the handlers of event streams. */
#pragma once

struct request;

void events_all(struct request *r);
void events_task(struct request *r);
