/* Settings below /proc/sys/net, which shows the network namespace of the calling thread. */
#ifndef TSSTACK_NET_SYSCTL_H
#define TSSTACK_NET_SYSCTL_H

#include "../common/error.h"

#include <jansson.h>

/* PATH below /proc/sys, such as "net/ipv4/ip_forward". */
int sysctl_write (const char *path, const char *value, struct tss_error *error);

/* First character of the value, or '\0'. */
char sysctl_read (const char *path);

/* For one interface; a host without the family is no error. */
int sysctl_write_interface (const char *family, const char *interface, const char *name, const char *value,
                            struct tss_error *error);

/* Checks that SETTINGS (name with dots -> text) are all of the network namespace. As with sysctl(8) a slash stands for
 * a dot in the name of an interface. */
int sysctl_check_all (const json_t *settings, struct tss_error *error);
int sysctl_write_all (const json_t *settings, struct tss_error *error);

#endif
