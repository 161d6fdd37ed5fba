#include "trash.h"
#include "../common/cleanup.h"
#include "link.h"
#include "netns.h"

#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>

/* The kernel frees namespaces in the background, usually within 100 ms. */
#define RECHECK_MS 3000
#define LINKS_AT_ONCE 64

static struct trash_lot
new_lot (void)
{
  return (struct trash_lot){ json_array (), json_array (), json_array () };
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

static const char *
text_at (const json_t *list, size_t index)
{
  return json_string_value (json_array_get (list, index));
}

/* In the thread of the lot. */
static void
delete_links (const json_t *links)
{
  struct netlink netlink;
  size_t total = json_array_size (links);
  if (total == 0 || netlink_open (&netlink, NETLINK_ROUTE, NULL) < 0)
    return;
  for (size_t done = 0; done < total;)
    {
      const char *names[LINKS_AT_ONCE];
      unsigned count = 0;
      while (count < LINKS_AT_ONCE && done < total)
        names[count++] = text_at (links, done++);
      link_delete_all (&netlink, names, count, NULL);
    }
  netlink_close (&netlink);
}

/* In the thread of the lot. */
static void *
empty_lot (void *context)
{
  struct trash *trash = context;
  const struct trash_lot *lot = &trash->working;
  uint64_t one = 1;
  for (size_t i = 0; i < json_array_size (lot->namespaces); i++)
    netns_remove (text_at (lot->namespaces, i));
  delete_links (lot->links);
  for (size_t i = 0; i < json_array_size (lot->folders); i++)
    netns_release_folder (text_at (lot->folders, i));
  return TSS_RETRY (write (trash->finished.fd, &one, sizeof one)) < 0 ? NULL : context;
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
      free_lot (&trash->working);
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
  free_lot (&trash->working);
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
  json_array_extend (trash->waiting.links, trash->expected);
  json_array_clear (trash->expected);
  start (trash);
}

int
trash_open (struct trash *trash, struct loop *loop, struct tss_error *error)
{
  *trash = (struct trash){ .loop = loop, .waiting = new_lot (), .expected = json_array () };
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
  json_array_extend (trash->waiting.links, trash->expected);
  trash_settle (trash);
  loop_cancel (trash->loop, &trash->task);
  loop_stop_timer (trash->loop, &trash->recheck);
  loop_close_watch (trash->loop, &trash->finished);
  free_lot (&trash->waiting);
  json_decref (trash->expected);
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
  json_array_append_new (trash->expected, json_string (name));
  loop_start_timer (trash->loop, &trash->recheck, RECHECK_MS);
}

void
trash_keep_link (struct trash *trash, const char *name)
{
  for (size_t i = json_array_size (trash->expected); i-- > 0;)
    if (strcmp (text_at (trash->expected, i), name) == 0)
      json_array_remove (trash->expected, i);
}
