/* cli/notify: tells the service manager the state of the service (systemd's notification protocol,
 * sd_notify(3)). Room-internal. */
#pragma once

/* Sends `state`, such as "READY=1", to the socket that NOTIFY_SOCKET names; does nothing when the
 * variable is not set. Ignores failures: the service works without the message. */
void notify(const char *state);
/* Returns how often to send WATCHDOG=1, in milliseconds: half of the time that the service manager
 * allows (units with WatchdogSec=). -1: the service manager wants none. */
int notify_interval_ms(void);
