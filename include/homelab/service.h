#ifndef HOMELAB_SERVICE_H
#define HOMELAB_SERVICE_H

/*
 * What a service tells its manager: sd_notify(3)'s protocol, a datagram to the
 * socket that NOTIFY_SOCKET names. Nothing where there is none. Threads may call
 * these.
 */

/* "READY=1", "STATUS=…", "STOPPING=1": NAME=VALUE lines. */
void service_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* That it's alive, where the manager wants to hear that (WATCHDOG_USEC); at most
 * once a second. */
void service_is_alive(void);

#endif
