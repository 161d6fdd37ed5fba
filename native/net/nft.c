#include "nft.h"
#include "../common/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int
nft_open (struct nft *nft, struct tss_error *error)
{
  nft->context = nft_ctx_new (NFT_CTX_DEFAULT);
  if (nft->context == NULL)
    return tss_error_set (error, TSS_ERROR_NETWORK, errno, NULL, "open nftables");
  nft_ctx_buffer_output (nft->context);
  nft_ctx_buffer_error (nft->context);
  return 0;
}

void
nft_close (struct nft *nft)
{
  if (nft->context != NULL)
    nft_ctx_free (nft->context);
  nft->context = NULL;
}

/* libnftables writes several lines for people; the first says what is wrong, the second shows the rule. */
static int
fail (struct nft *nft, const char *verb, struct tss_error *error)
{
  char text[400];
  const char *lines = nft_ctx_get_error_buffer (nft->context);
  snprintf (text, sizeof text, "%s", lines == NULL ? "" : lines);
  size_t length = strlen (text);
  while (length > 0 && strchr ("\n ^", text[length - 1]) != NULL)
    text[--length] = '\0';
  return tss_error_set (error, TSS_ERROR_NETWORK, 0, NULL, "%s: %s", verb, text);
}

int
nft_run (struct nft *nft, const char *script, struct tss_error *error)
{
  nft_ctx_output_set_flags (nft->context, 0);
  if (nft_run_cmd_from_buffer (nft->context, script) != 0)
    return fail (nft, "change nftables rules", error);
  return 0;
}

int
nft_list (struct nft *nft, const char *command, json_t **entries, struct tss_error *error)
{
  nft_ctx_output_set_flags (nft->context, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_HANDLE);
  if (nft_run_cmd_from_buffer (nft->context, command) != 0)
    return fail (nft, command, error);
  tss_autojson json_t *document = json_loads (nft_ctx_get_output_buffer (nft->context), 0, NULL);
  *entries = json_incref (json_object_get (document, "nftables"));
  if (!json_is_array (*entries))
    {
      json_decref (*entries);
      *entries = NULL;
      return tss_error_set (error, TSS_ERROR_NETWORK, 0, NULL, "%s: unexpected answer of nftables", command);
    }
  return 0;
}
