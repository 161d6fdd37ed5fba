/* Whether there is still something to wait for. */
#include "patience.h"
#include "cgroup.h"

#include <errno.h>

int
box_patience_check (struct box_patience *patience, struct tss_error *error)
{
  if (!patience->cgroup)
    return 0;
  patience->is_lost = true;
  if (box_cgroup_is_out_of_memory (patience->cgroup))
    return box_cgroup_refuse_memory (error);
  if (patience->rounds > 0 && --patience->rounds == 0)
    return tss_error_set (error, TSS_ERROR_STATE, ETIMEDOUT, "", "start the program in the container");
  patience->is_lost = false;
  return 0;
}
