/* The state of a container as hooks and other programs are told about it. */
#include "state.h"

#include <stdint.h>

json_t *
box_state_describe (const struct box_identity *identity, const char *status, pid_t pid)
{
  json_t *state = json_pack ("{s:s, s:s, s:s, s:s}", "ociVersion", BOX_OCI_VERSION, "id", identity->id, "status",
                             status, "bundle", identity->bundle);

  if (state && pid > 0)
    json_object_set_new (state, "pid", json_integer (pid));
  /* The value is only counted, not changed. */
  if (state && identity->annotations)
    json_object_set (state, "annotations", (json_t *)(uintptr_t)identity->annotations);
  return state;
}
