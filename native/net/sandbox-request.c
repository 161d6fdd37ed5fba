#include "sandbox-request.h"
#include "fields.h"
#include "interface.h"
#include "netns.h"
#include "owned-netns.h"
#include "sysctl.h"

#include <string.h>
#include <sys/socket.h>

const char *
sandbox_interface_name (const json_t *interfaces, size_t index)
{
  const char *name = json_string_value (json_object_get (json_array_get (interfaces, index), "name"));
  return name == NULL ? "" : name;
}

int
sandbox_request_check (const json_t *request, struct tss_error *error)
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
  if (count > SANDBOX_MOST_INTERFACES)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "interfaces", "field interfaces: at most %d",
                          SANDBOX_MOST_INTERFACES);
  for (size_t i = 0; i < count; i++)
    {
      struct interface interface;
      if (interface_parse (json_array_get (interfaces, i), id, &interface, error) < 0)
        return -1;
      for (unsigned j = 0; j < interface.gateway_count; j++)
        *(interface.gateways[j].family == AF_INET6 ? &gateways_of_ipv6 : &gateways) += 1;
      for (size_t j = 0; j < i; j++)
        if (strcmp (sandbox_interface_name (interfaces, i), sandbox_interface_name (interfaces, j)) == 0)
          return tss_error_set (error, TSS_ERROR_INVALID, 0, "name", "two interfaces are named %s", interface.name);
    }
  if (gateways > 1 || gateways_of_ipv6 > 1)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "gateways", "more than one interface has a gateway");
  return 0;
}
