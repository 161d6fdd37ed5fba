#include "trash.h"
#include "../common/cleanup.h"
#include "link.h"
#include "netns.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

/* The kernel frees namespaces in the background, usually within 100 ms. */
#define RECHECK_MS 3000
#define LINKS_AT_ONCE 64

static struct trash_lot
new_lot (void)
{
  return (struct trash_lot){ .namespaces = json_array (), .folders = json_array (), .links = json_array () };
}

static void
free_lot (struct trash_lot *lot)
{
  json_decref (lot->namespaces);
  json_decref (lot->folders);
  json_decref (lot->links);
  *lot = (struct trash_lot){ 0 };
}

static bool
is_empty (const struct trash_lot *lot)
{
  return json_array_size (lot->namespaces) + json_array_size (lot->folders) + json_array_size (lot->links) == 0;
}

static void
move_lot (struct trash_lot *from, struct trash_lot *to)
{
  json_array_extend (to->namespaces, from->namespaces);
  json_array_extend (to->folders, from->folders);
  json_array_extend (to->links, from->links);
  free_lot (from);
  *from = new_lot ();
}

static const char *
text_at (const json_t *list, size_t index)
{
  return json_string_value (json_array_get (list, index));
}

/* The next two in the thread of the lot. What they leave in their lists could not be done. */
static void
remove_namespaces (json_t *paths)
{
  for (size_t i = json_array_size (paths); i-- > 0;)
    {
      struct tss_error error;
      if (netns_remove (text_at (paths, i), &error) < 0)
        fprintf (stderr, "tsstack-net: %s\n", error.message);
      else
        json_array_remove (paths, i);
    }
}

static void
delete_links (json_t *links)
{
  struct netlink netlink;
  struct tss_error error;
  if (json_array_size (links) == 0)
    return;
  int result = netlink_open (&netlink, NETLINK_ROUTE, &error);
  while (result == 0 && json_array_size (links) > 0)
    {
      const char *names[LINKS_AT_ONCE];
      unsigned count = 0;
      for (; count < LINKS_AT_ONCE && count < json_array_size (links); count++)
        names[count] = text_at (links, count);
      result = link_delete_all (&netlink, names, count, &error);
      for (; result == 0 && count > 0; count--)
        json_array_remove (links, count - 1);
    }
  if (result < 0)
    fprintf (stderr, "tsstack-net: %s\n", error.message);
  netlink_close (&netlink);
}

/* In the thread of the lot. */
static void *
empty_lot (void *context)
{
  struct trash *trash = context;
  struct trash_lot *lot = &trash->working;
  uint64_t one = 1;
  remove_namespaces (lot->namespaces);
  delete_links (lot->links);
  for (size_t i = 0; i < json_array_size (lot->folders); i++)
    netns_release_folder (text_at (lot->folders, i));
  json_array_clear (lot->folders);
  return TSS_RETRY (write (trash->finished.fd, &one, sizeof one)) < 0 ? NULL : context;
}

/* What could not be done is tried again, with the links that the kernel has left. */
static void
finish_lot (struct trash *trash)
{
  if (!is_empty (&trash->working))
    {
      move_lot (&trash->working, &trash->later);
      loop_start_timer (trash->loop, &trash->recheck, RECHECK_MS);
    }
  free_lot (&trash->working);
}

static void
start (void *context)
{
  struct trash *trash = context;
  if (trash->is_working || is_empty (&trash->waiting))
    return;
  trash->working = trash->waiting;
  trash->waiting = new_lot ();
  trash->is_working = pthread_create (&trash->thread, NULL, empty_lot, trash) == 0;
  if (!trash->is_working) /* no memory for a thread: then here, and slowly */
    {
      empty_lot (trash);
      finish_lot (trash);
    }
}

static void
join (struct trash *trash)
{
  uint64_t count;
  if (!trash->is_working)
    return;
  pthread_join (trash->thread, NULL);
  trash->is_working = false;
  finish_lot (trash);
  if (TSS_RETRY (read (trash->finished.fd, &count, sizeof count)) < 0)
    return; /* it had not come to writing */
}

static void
on_finished (void *context, uint32_t events)
{
  struct trash *trash = context;
  (void)events;
  join (trash);
  start (trash);
}

static void
recheck (void *context)
{
  struct trash *trash = context;
  move_lot (&trash->later, &trash->waiting);
  start (trash);
}

int
trash_open (struct trash *trash, struct loop *loop, struct tss_error *error)
{
  *trash = (struct trash){ .loop = loop, .waiting = new_lot (), .later = new_lot () };
  trash->task = (struct loop_task){ .function = start, .context = trash };
  trash->recheck = (struct loop_timer){ .function = recheck, .context = trash };
  trash->finished = (struct loop_watch){ .function = on_finished, .context = trash };
  trash->finished.fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (trash->finished.fd < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, NULL, "open event descriptor");
  return loop_set (loop, &trash->finished, EPOLLIN, error);
}

void
trash_settle (struct trash *trash)
{
  join (trash);
  start (trash);
  join (trash);
}

void
trash_close (struct trash *trash)
{
  trash_settle (trash);
  move_lot (&trash->later, &trash->waiting);
  trash_settle (trash);
  loop_cancel (trash->loop, &trash->task);
  loop_stop_timer (trash->loop, &trash->recheck);
  loop_close_watch (trash->loop, &trash->finished);
  free_lot (&trash->waiting);
  free_lot (&trash->later);
}

void
trash_namespace (struct trash *trash, const char *path, bool is_last)
{
  json_array_append_new (trash->waiting.namespaces, json_string (path));
  if (is_last)
    json_array_append_new (trash->waiting.folders, json_string (path));
  loop_post (trash->loop, &trash->task);
}

void
trash_link (struct trash *trash, const char *name)
{
  json_array_append_new (trash->waiting.links, json_string (name));
  loop_post (trash->loop, &trash->task);
}

void
trash_expect_link_gone (struct trash *trash, const char *name)
{
  json_array_append_new (trash->later.links, json_string (name));
  loop_start_timer (trash->loop, &trash->recheck, RECHECK_MS);
}

static void
remove_text (json_t *list, const char *text)
{
  for (size_t i = json_array_size (list); i-- > 0;)
    if (strcmp (text_at (list, i), text) == 0)
      json_array_remove (list, i);
}

void
trash_keep (struct trash *trash, const char *name)
{
  remove_text (trash->later.links, name);
  remove_text (trash->later.namespaces, name);
}
