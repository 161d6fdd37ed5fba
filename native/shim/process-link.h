/* BUNDLE/process: where the container's first process is in /proc, for those who share namespaces with it. */
#ifndef TSSTACK_SHIM_PROCESS_LINK_H
#define TSSTACK_SHIM_PROCESS_LINK_H

#include <sys/types.h>

/* Points the link at that process, in place of an earlier one. Without the link nobody can join, and says so then. */
void process_link_set (const char *bundle, pid_t pid);

/* The number may soon be another process's. */
void process_link_remove (const char *bundle);

#endif
