/* The bundle for another OCI runtime: a directory of its own with a config.json that this runtime understands and the
 * root file system mounted, in a mount namespace of the shim's own so that no mount is left on the host. */
#ifndef TSSTACK_SHIM_RUNTIME_BUNDLE_H
#define TSSTACK_SHIM_RUNTIME_BUNDLE_H

#include "options.h"

/* Writes the path of the directory to PATH (PATH_MAX bytes). */
int runtime_bundle_path (const struct shim_options *options, char *path, struct tss_error *error);

/* Makes everything for SPEC (config.json); what an earlier run left is replaced. */
int runtime_bundle_make (const struct shim_options *options, const json_t *spec, struct tss_error *error);

/* Lets go of the root file system. */
void runtime_bundle_unmount (const struct shim_options *options);

#endif
