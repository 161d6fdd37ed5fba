/* The conversation of the caller and the container's first process. */
#include "../box/channel.h"
#include "check.h"

static void
test_messages (void)
{
  struct tss_error error = { 0 };
  struct box_channel caller, child;
  struct box_message message = { 0 };

  CHECK (box_channel_open (&caller, &child, &error) == 0);
  CHECK (box_channel_send_kind (&caller, BOX_MESSAGE_START) == 0);
  CHECK (box_channel_receive (&child, &message, NULL) == 0 && message.kind == BOX_MESSAGE_START);
  box_channel_close (&child);
  CHECK (box_channel_receive (&caller, &message, NULL) == 0 && message.kind == BOX_MESSAGE_END);
  box_channel_close (&caller);
}

/* A process that fails while the filter for it is on its way must be heard all the same. */
static void
test_last_words (void)
{
  struct tss_error error = { 0 };
  struct box_channel caller, child;
  struct box_message message = { .kind = BOX_MESSAGE_FAILED, .error = { .code = TSS_ERROR_MOUNT } };

  CHECK (box_channel_open (&caller, &child, &error) == 0);
  CHECK (box_channel_send_bytes (&caller, "filter", 6) == 0);
  CHECK (box_channel_send (&child, &message, -1) == 0);
  box_channel_close (&child);
  message = (struct box_message){ 0 };
  CHECK (box_channel_receive (&caller, &message, NULL) == 0 && message.kind == BOX_MESSAGE_FAILED);
  CHECK (message.error.code == TSS_ERROR_MOUNT);
  CHECK (box_channel_receive (&caller, &message, NULL) == 0 && message.kind == BOX_MESSAGE_END);
  box_channel_close (&caller);
}

int
main (void)
{
  test_messages ();
  test_last_words ();
  return check_finish ("box-channel");
}
