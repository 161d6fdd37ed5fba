#include "sandbox.h"
#include "../common/cleanup.h"
#include "fields.h"
#include "interface.h"
#include "memory.h"
#include "netns.h"
#include "owned-netns.h"
#include "sandbox-inside.h"
#include "sandbox-request.h"

#include <stdio.h>
#include <string.h>

#define STATE_KIND "sandboxes"

static void
forget (struct sandbox *sandbox)
{
  dns_resolver_close (&sandbox->resolver);
  json_decref (sandbox->spec);
  free (sandbox);
}

/* Interfaces of the former spec that the new one lacks or has otherwise. */
static int
delete_changed (struct sandboxes *sandboxes, const struct sandbox *sandbox, const json_t *request,
                struct tss_error *error)
{
  const json_t *before = json_object_get (sandbox->spec, "interfaces");
  const json_t *after = json_object_get (request, "interfaces");
  char names[SANDBOX_MOST_INTERFACES][LINK_NAME_SIZE];
  const char *pointers[SANDBOX_MOST_INTERFACES];
  unsigned count = 0;
  for (size_t i = 0; i < json_array_size (before) && count < SANDBOX_MOST_INTERFACES; i++)
    {
      bool kept = false;
      for (size_t j = 0; j < json_array_size (after); j++)
        kept = kept || json_equal (json_array_get (before, i), json_array_get (after, j));
      if (kept)
        continue;
      interface_host_name (sandbox->id, sandbox_interface_name (before, i), names[count]);
      pointers[count] = names[count];
      count++;
    }
  return link_delete_all (sandboxes->route, pointers, count, error);
}

/* Keeps REQUEST as the spec, and what a successor needs to take over. */
static int
remember (struct sandboxes *sandboxes, struct sandbox *sandbox, const json_t *request, struct tss_error *error)
{
  json_t *spec = json_copy ((json_t *)request);
  json_object_del (spec, "seq");
  json_object_set (spec, SANDBOX_OVERLAYS, json_object_get (sandbox->spec, SANDBOX_OVERLAYS));
  if (sandbox->has_resolver)
    json_object_set_new (spec, "dnsPort", json_integer (sandbox->resolver.port));
  json_decref (sandbox->spec);
  sandbox->spec = spec;
  sandbox->id = json_string_value (json_object_get (spec, "id"));
  sandbox->path = json_string_value (json_object_get (spec, "path"));
  return state_write (sandboxes->state, STATE_KIND, sandbox->id, spec, error);
}

static struct sandbox *
sandbox_new (json_t *spec)
{
  struct sandbox *sandbox = memory_allocate (sizeof *sandbox);
  sandbox->spec = spec;
  sandbox->id = json_string_value (json_object_get (spec, "id"));
  sandbox->path = json_string_value (json_object_get (spec, "path"));
  return sandbox;
}

/* Leaves the calling thread in a new namespace. */
static int
create_namespace (const json_t *request, const char *path, struct tss_error *error)
{
  struct netns_users users;
  bool has_users;
  if (netns_users_parse (request, &users, &has_users, error) < 0)
    return -1;
  if (!has_users)
    return netns_create (path, error);
  return netns_create_owned (path, &users, error) < 0 ? -1 : netns_enter (path, error);
}

static int
remove_namespace (const char *path, struct tss_error *error)
{
  return netns_remove (path, error) < 0 ? -1 : netns_remove (netns_users_path (path).text, error);
}

/* Whether all is there that REQUEST wants mounted at PATH. */
static bool
is_mounted (const json_t *request, const char *path)
{
  return netns_is_mounted (path)
         && (!json_is_object (json_object_get (request, "users")) || netns_is_mounted (netns_users_path (path).text));
}

static void
undo_create (struct sandboxes *sandboxes, const char *path)
{
  remove_namespace (path, NULL);
  if (sandboxes->by_id.count == 0)
    netns_release_folder (path);
}

/* A sandbox that is not known yet. Its namespace may exist all the same, when the state was lost. */
static int
create (struct sandboxes *sandboxes, const json_t *request, struct tss_error *error)
{
  const char *path = json_string_value (json_object_get (request, "path"));
  trash_settle (sandboxes->trash);
  trash_keep (sandboxes->trash, path);
  trash_keep (sandboxes->trash, netns_users_path (path).text);
  bool existed = is_mounted (request, path);
  if (!existed && remove_namespace (path, error) < 0)
    return -1;
  if ((existed ? netns_enter (path, error) : create_namespace (request, path, error)) < 0)
    {
      if (!existed)
        undo_create (sandboxes, path);
      return -1;
    }
  json_t *empty
      = json_pack ("{s:O,s:O}", "id", json_object_get (request, "id"), "path", json_object_get (request, "path"));
  struct sandbox *sandbox = sandbox_new (empty);
  sandbox->is_new = !existed;
  int result = sandbox_configure (sandboxes, sandbox, request, error);
  sandbox->is_new = false;
  netns_leave (sandboxes->host_namespace);
  if (result == 0)
    result = remember (sandboxes, sandbox, request, error);
  if (result == 0)
    {
      map_set (&sandboxes->by_id, sandbox->id, sandbox);
      return 0;
    }
  forget (sandbox);
  if (!existed)
    undo_create (sandboxes, path);
  return -1;
}

static int
update (struct sandboxes *sandboxes, struct sandbox *sandbox, const json_t *request, struct tss_error *error)
{
  if (delete_changed (sandboxes, sandbox, request, error) < 0 || netns_enter (sandbox->path, error) < 0)
    return -1;
  int result = sandbox_configure (sandboxes, sandbox, request, error);
  netns_leave (sandboxes->host_namespace);
  return result < 0 ? -1 : remember (sandboxes, sandbox, request, error);
}

/* An absent field and null are the same. */
static json_t *
users_of (const json_t *request)
{
  json_t *users = json_object_get (request, "users");
  return users == NULL ? json_null () : users;
}

int
sandbox_ensure (struct sandboxes *sandboxes, const json_t *request, struct tss_error *error)
{
  if (sandbox_request_check (request, error) < 0)
    return -1;
  const char *path = json_string_value (json_object_get (request, "path"));
  struct sandbox *sandbox = map_get (&sandboxes->by_id, json_string_value (json_object_get (request, "id")));
  if (sandbox == NULL)
    return create (sandboxes, request, error);
  if (strcmp (sandbox->path, path) != 0)
    return tss_error_set (error, TSS_ERROR_EXISTS, 0, sandbox->path, "sandbox %s exists at another path", sandbox->id);
  /* Made for other ids it would give its rights to others than asked for. */
  if (!json_equal (users_of (sandbox->spec), users_of (request)))
    return tss_error_set (error, TSS_ERROR_EXISTS, 0, sandbox->path, "sandbox %s exists with other users", sandbox->id);
  if (!is_mounted (request, path)) /* somebody unmounted it: nothing of it can be reached any more */
    {
      map_remove (&sandboxes->by_id, sandbox->id);
      forget (sandbox);
      return create (sandboxes, request, error);
    }
  return update (sandboxes, sandbox, request, error);
}

int
sandbox_refresh (struct sandboxes *sandboxes, const json_t *request, struct tss_error *error)
{
  const char *id;
  if (field_id (request, "id", &id, error) < 0)
    return -1;
  struct sandbox *sandbox = map_get (&sandboxes->by_id, id);
  if (sandbox == NULL)
    return 0; /* gone meanwhile */
  tss_autojson json_t *before = json_deep_copy (json_object_get (sandbox->spec, SANDBOX_OVERLAYS));
  if (netns_enter (sandbox->path, error) < 0)
    return -1;
  int result = sandbox_join_overlays (sandboxes, sandbox, json_object_get (sandbox->spec, "interfaces"), before, error);
  netns_leave (sandboxes->host_namespace);
  if (result < 0 || json_equal (before, json_object_get (sandbox->spec, SANDBOX_OVERLAYS)))
    return result;
  return state_write (sandboxes->state, STATE_KIND, sandbox->id, sandbox->spec, error);
}

static void
discard_links (struct sandboxes *sandboxes, const struct sandbox *sandbox)
{
  const json_t *interfaces = json_object_get (sandbox->spec, "interfaces");
  for (size_t i = 0; i < json_array_size (interfaces); i++)
    {
      char name[LINK_NAME_SIZE];
      interface_host_name (sandbox->id, sandbox_interface_name (interfaces, i), name);
      trash_expect_link_gone (sandboxes->trash, name);
    }
}

int
sandbox_remove (struct sandboxes *sandboxes, const json_t *request, struct tss_error *error)
{
  const char *id, *path;
  if (field_id (request, "id", &id, error) < 0 || field_path (request, "path", &path, error) < 0)
    return -1;
  if (state_remove (sandboxes->state, STATE_KIND, id, error) < 0)
    return -1;
  struct sandbox *sandbox = map_remove (&sandboxes->by_id, id);
  if (sandbox != NULL)
    discard_links (sandboxes, sandbox);
  bool is_last = sandboxes->by_id.count == 0;
  /* Also of one that is not known: a predecessor may have died over any part of it. */
  trash_namespace (sandboxes->trash, netns_users_path (path).text, is_last);
  trash_namespace (sandboxes->trash, path, is_last);
  if (sandbox != NULL)
    forget (sandbox);
  return 0;
}

struct visit
{
  void (*function) (const char *id, const char *path, void *context);
  void *context;
};

static void
visit (const char *id, void *value, void *context)
{
  const struct visit *wanted = context;
  const struct sandbox *sandbox = value;
  wanted->function (id, sandbox->path, wanted->context);
}

void
sandboxes_each (struct sandboxes *sandboxes, void (*function) (const char *id, const char *path, void *context),
                void *context)
{
  struct visit wanted = { function, context };
  map_each (&sandboxes->by_id, visit, &wanted);
}

static void
add_to_list (const char *id, void *value, void *context)
{
  const struct sandbox *sandbox = value;
  const json_t *interfaces = json_object_get (sandbox->spec, "interfaces");
  json_t *networks = json_array ();
  for (size_t i = 0; i < json_array_size (interfaces); i++)
    json_array_append (networks, json_object_get (json_array_get (interfaces, i), "network"));
  json_array_append_new (context, json_pack ("{s:s,s:s,s:o}", "id", id, "path", sandbox->path, "networks", networks));
}

json_t *
sandboxes_list (struct sandboxes *sandboxes)
{
  json_t *list = json_array ();
  map_each (&sandboxes->by_id, add_to_list, list);
  return list;
}

/* The links, addresses and routes are in the kernel; what died with the predecessor are the name server's sockets. */
static void
restore (const char *id, json_t *spec, void *context)
{
  struct sandboxes *sandboxes = context;
  struct tss_error error = { 0 };
  if (sandbox_request_check (spec, &error) < 0 || strcmp (id, json_string_value (json_object_get (spec, "id"))) != 0
      || !netns_is_mounted (json_string_value (json_object_get (spec, "path"))))
    {
      state_remove (sandboxes->state, STATE_KIND, id, NULL);
      return;
    }
  struct sandbox *sandbox = sandbox_new (json_incref (spec));
  int result = netns_enter (sandbox->path, &error);
  if (result == 0)
    {
      result = sandbox_ensure_dns (sandboxes, sandbox, spec, &error);
      netns_leave (sandboxes->host_namespace);
    }
  map_set (&sandboxes->by_id, sandbox->id, sandbox);
  if (result < 0)
    fprintf (stderr, "tsstack-net: take over sandbox %s: %s\n", id, error.message);
  else
    remember (sandboxes, sandbox, spec, NULL);
}

int
sandboxes_restore (struct sandboxes *sandboxes, struct tss_error *error)
{
  return state_each (sandboxes->state, STATE_KIND, restore, sandboxes, error);
}

static void
forget_value (void *value)
{
  forget (value);
}

void
sandboxes_close (struct sandboxes *sandboxes)
{
  map_clear (&sandboxes->by_id, forget_value);
}
