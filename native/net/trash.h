/* What has been removed and still has to be freed: the kernel makes whoever unmounts and deletes wait for grace
 * periods, so a thread of its own does it, one lot at a time. A lot belongs to its thread alone; nothing is shared and
 * nothing locked. */
#ifndef TSSTACK_NET_TRASH_H
#define TSSTACK_NET_TRASH_H

#include "../common/loop.h"

#include <jansson.h>
#include <pthread.h>

/* Lists of texts. */
struct trash_lot
{
  json_t *namespaces; /* paths to unmount */
  json_t *folders;    /* paths whose folders are unmounted after that, unless something is still mounted in them */
  json_t *links;      /* names of links to delete, as far as they exist */
};

struct trash
{
  struct loop *loop;
  struct loop_task task;
  struct trash_lot waiting, working;
  struct trash_lot later; /* to be looked at again: links that go with their namespace, and what could not be done */
  bool is_working;
  pthread_t thread;
  struct loop_watch finished; /* the thread writes to it */
  struct loop_timer recheck;
};

int trash_open (struct trash *trash, struct loop *loop, struct tss_error *error);

/* Settles and frees. */
void trash_close (struct trash *trash);

/* IS_LAST: release its folder as well. */
void trash_namespace (struct trash *trash, const char *path, bool is_last);
void trash_link (struct trash *trash, const char *name);

/* The link goes with its namespace; if a process keeps that alive, the link is deleted all the same after a while. */
void trash_expect_link_gone (struct trash *trash, const char *name);

/* The name of a link or the path of a namespace is in use again. */
void trash_keep (struct trash *trash, const char *name);

/* Waits until everything thrown away so far is gone, before something with the same name is made. */
void trash_settle (struct trash *trash);

#endif
