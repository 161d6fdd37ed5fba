#include "sandbox.h"
#include "../common/cleanup.h"
#include "fields.h"
#include "interface.h"
#include "memory.h"
#include "netns.h"
#include "nft.h"
#include "overlay/guest.h"
#include "owned-netns.h"
#include "sysctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOST_INTERFACES 16
#define STATE_KIND "sandboxes"
#define DNS_TABLE "tsstack-dns"
#define OVERLAYS "overlays" /* in the kept spec */

struct sandbox
{
  json_t *spec; /* the request that made it, with the port of its name server and what it has of its overlays */
  const char *id, *path;
  struct dns_resolver resolver;
  bool has_resolver;
  bool is_new; /* its namespace was made for this request */
};

static void
forget (struct sandbox *sandbox)
{
  dns_resolver_close (&sandbox->resolver);
  json_decref (sandbox->spec);
  free (sandbox);
}

static const char *
interface_name (const json_t *interfaces, size_t index)
{
  const char *name = json_string_value (json_object_get (json_array_get (interfaces, index), "name"));
  return name == NULL ? "" : name;
}

static int
validate (const json_t *request, struct tss_error *error)
{
  struct netns_users users;
  bool has_users;
  const char *id, *path;
  const json_t *interfaces, *dns, *sysctls;
  if (field_id (request, "id", &id, error) < 0 || field_path (request, "path", &path, error) < 0
      || field_array (request, "interfaces", &interfaces, error) < 0 || field_object (request, "dns", &dns, error) < 0
      || field_object (request, "sysctls", &sysctls, error) < 0 || sysctl_check_all (sysctls, error) < 0
      || netns_users_parse (request, &users, &has_users, error) < 0)
    return -1;
  size_t count = json_array_size (interfaces);
  unsigned gateways = 0, gateways_of_ipv6 = 0;
  if (count > MOST_INTERFACES)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "interfaces", "field interfaces: at most %d", MOST_INTERFACES);
  for (size_t i = 0; i < count; i++)
    {
      struct interface interface;
      if (interface_parse (json_array_get (interfaces, i), id, &interface, error) < 0)
        return -1;
      for (unsigned j = 0; j < interface.gateway_count; j++)
        *(interface.gateways[j].family == AF_INET6 ? &gateways_of_ipv6 : &gateways) += 1;
      for (size_t j = 0; j < i; j++)
        if (strcmp (interface_name (interfaces, i), interface_name (interfaces, j)) == 0)
          return tss_error_set (error, TSS_ERROR_INVALID, 0, "name", "two interfaces are named %s", interface.name);
    }
  if (gateways > 1 || gateways_of_ipv6 > 1)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "gateways", "more than one interface has a gateway");
  return 0;
}

/* Port 53 of the name server's address leads to its sockets; a program of the container can bind port 53 itself. A new
 * namespace has no former table to delete: the kernel would wait for a grace period (10 ms) to free one. */
static int
redirect_dns (uint16_t port, bool is_new, struct tss_error *error)
{
  char script[512];
  struct nft nft;
  snprintf (script, sizeof script,
            "%s"
            "table ip " DNS_TABLE " {\n"
            " chain output {\n"
            "  type nat hook output priority -100\n"
            "  ip daddr " DNS_ADDRESS " udp dport 53 dnat to " DNS_ADDRESS ":%u\n"
            "  ip daddr " DNS_ADDRESS " tcp dport 53 dnat to " DNS_ADDRESS ":%u\n"
            " }\n"
            "}\n",
            is_new ? "" : "table ip " DNS_TABLE "\ndelete table ip " DNS_TABLE "\n", port, port);
  if (nft_open (&nft, error) < 0)
    return -1;
  int result = nft_run (&nft, script, error);
  nft_close (&nft);
  return result;
}

/* In the sandbox's namespace. */
static int
ensure_dns (struct sandboxes *sandboxes, struct sandbox *sandbox, const json_t *request, struct tss_error *error)
{
  const json_t *dns = json_object_get (request, "dns");
  if (!json_is_object (dns))
    {
      dns_resolver_close (&sandbox->resolver);
      sandbox->has_resolver = false;
      return 0;
    }
  if (dns_resolver_configure (&sandbox->resolver, dns, error) < 0)
    return -1;
  if (sandbox->has_resolver)
    return 0;
  uint16_t port = (uint16_t)json_integer_value (json_object_get (sandbox->spec, "dnsPort"));
  if (dns_resolver_open (&sandbox->resolver, sandboxes->dns, port, error) < 0)
    return -1;
  sandbox->has_resolver = true;
  return sandbox->resolver.port == port ? 0 : redirect_dns (sandbox->resolver.port, sandbox->is_new, error);
}

/* Interfaces of the former spec that the new one lacks or has otherwise. */
static int
delete_changed (struct sandboxes *sandboxes, const struct sandbox *sandbox, const json_t *request,
                struct tss_error *error)
{
  const json_t *before = json_object_get (sandbox->spec, "interfaces");
  const json_t *after = json_object_get (request, "interfaces");
  char names[MOST_INTERFACES][LINK_NAME_SIZE];
  const char *pointers[MOST_INTERFACES];
  unsigned count = 0;
  for (size_t i = 0; i < json_array_size (before) && count < MOST_INTERFACES; i++)
    {
      bool kept = false;
      for (size_t j = 0; j < json_array_size (after); j++)
        kept = kept || json_equal (json_array_get (before, i), json_array_get (after, j));
      if (kept)
        continue;
      interface_host_name (sandbox->id, interface_name (before, i), names[count]);
      pointers[count] = names[count];
      count++;
    }
  return link_delete_all (sandboxes->route, pointers, count, error);
}

/* In the sandbox's namespace. BEFORE is what it has of its overlays. */
static int
join_overlays (struct sandboxes *sandboxes, struct sandbox *sandbox, const json_t *interfaces, const json_t *before,
               struct tss_error *error)
{
  const struct overlay_guest guest = { sandbox->id, interfaces };
  json_t *wish = overlay_guest_wish (sandboxes->overlays, &guest);
  int result = overlay_guest_change (sandboxes->overlays, &guest, before, wish, error);
  if (result == 0)
    json_object_set (sandbox->spec, OVERLAYS, wish);
  json_decref (wish);
  return result;
}

/* In the sandbox's namespace. */
static int
configure (struct sandboxes *sandboxes, struct sandbox *sandbox, const json_t *request, struct tss_error *error)
{
  struct netlink inside;
  struct netlink_batch batch;
  const json_t *interfaces = json_object_get (request, "interfaces");
  if (netlink_open (&inside, NETLINK_ROUTE, error) < 0)
    return -1;
  netlink_batch_init (&batch);
  link_set_up (&batch, 1, "lo", 0, NULL); /* the loopback device is always the first */
  int result = netlink_send (&inside, &batch, error);
  for (size_t i = 0; i < json_array_size (interfaces) && result == 0; i++)
    {
      struct interface interface;
      result = interface_parse (json_array_get (interfaces, i), sandbox->id, &interface, error);
      trash_keep (sandboxes->trash, interface.host_name);
      if (result == 0)
        result = interface_ensure (&interface, sandboxes->route, &inside, error);
    }
  netlink_close (&inside);
  if (result < 0)
    return -1;
  /* Interfaces may be new, with nothing of what they had. */
  if (sysctl_write_all (json_object_get (request, "sysctls"), error) < 0
      || join_overlays (sandboxes, sandbox, interfaces, NULL, error) < 0)
    return -1;
  return ensure_dns (sandboxes, sandbox, request, error);
}

/* Keeps REQUEST as the spec, and what a successor needs to take over. */
static int
remember (struct sandboxes *sandboxes, struct sandbox *sandbox, const json_t *request, struct tss_error *error)
{
  json_t *spec = json_copy ((json_t *)request);
  json_object_del (spec, "seq");
  json_object_set (spec, OVERLAYS, json_object_get (sandbox->spec, OVERLAYS));
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
  int result = configure (sandboxes, sandbox, request, error);
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
  int result = configure (sandboxes, sandbox, request, error);
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
  if (validate (request, error) < 0)
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
  tss_autojson json_t *before = json_deep_copy (json_object_get (sandbox->spec, OVERLAYS));
  if (netns_enter (sandbox->path, error) < 0)
    return -1;
  int result = join_overlays (sandboxes, sandbox, json_object_get (sandbox->spec, "interfaces"), before, error);
  netns_leave (sandboxes->host_namespace);
  if (result < 0 || json_equal (before, json_object_get (sandbox->spec, OVERLAYS)))
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
      interface_host_name (sandbox->id, interface_name (interfaces, i), name);
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
  if (validate (spec, &error) < 0 || strcmp (id, json_string_value (json_object_get (spec, "id"))) != 0
      || !netns_is_mounted (json_string_value (json_object_get (spec, "path"))))
    {
      state_remove (sandboxes->state, STATE_KIND, id, NULL);
      return;
    }
  struct sandbox *sandbox = sandbox_new (json_incref (spec));
  int result = netns_enter (sandbox->path, &error);
  if (result == 0)
    {
      result = ensure_dns (sandboxes, sandbox, spec, &error);
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
