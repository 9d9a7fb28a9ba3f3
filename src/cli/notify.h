/* cli/notify: tells the service manager how the service is (systemd's notification protocol,
 * sd_notify(3)). Room-internal. */
#pragma once

/* Sends `state`, such as "READY=1", to the socket that NOTIFY_SOCKET names; does nothing when there
 * is none. What cannot be sent is not worth failing for. */
void notify(const char *state);
/* How often the service manager wants to hear WATCHDOG=1: half of the time that it allows (units
 * with WatchdogSec=). -1: it does not. */
int notify_interval_ms(void);
