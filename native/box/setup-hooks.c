/* The hooks that run when everything is mounted and the host's root still in sight. */
#include "../common/cleanup.h"
#include "hooks.h"
#include "setup.h"
#include "state.h"

#include <unistd.h>

/* The caller runs those of its own namespaces meanwhile. */
static int
await_caller (struct box_setup *setup, struct tss_error *error)
{
  struct box_message message;

  if (box_channel_send_kind (&setup->channel, BOX_MESSAGE_MOUNTED) < 0
      || box_channel_receive (&setup->channel, &message, NULL) < 0 || message.kind != BOX_MESSAGE_CONTINUE)
    return tss_error_set (error, TSS_ERROR_STATE, 0, "", "the container was given up while it was made");
  return 0;
}

int
box_setup_hooks (struct box_setup *setup, struct tss_error *error)
{
  const struct box_identity identity = { setup->options->id, setup->options->bundle, setup->spec->annotations };
  tss_autojson json_t *state = NULL;
  struct box_hook_call call = { .hooks = setup->spec->hooks };

  if (!box_hooks_at_creation (call.hooks))
    return 0;
  if (await_caller (setup, error) < 0)
    return -1;
  /* The process as these hooks see it, who are in its namespaces. */
  call.state = state = box_state_describe (&identity, "creating", getpid ());
  if (!state)
    return tss_error_set (error, TSS_ERROR_INTERNAL, ENOMEM, "hooks", "hooks: run the hooks");
  return box_hooks_run (&call, BOX_HOOK_CREATE_CONTAINER, error);
}
