/* The command line of tsstack-layer. */
#ifndef TSSTACK_LAYER_OPTIONS_H
#define TSSTACK_LAYER_OPTIONS_H

#include "../common/error.h"

struct layer_options
{
  const char *to;
  const char *from;
  const char *diff_id;
  const char *max_bytes;    /* of an uncompressed archive */
  const char *directory;    /* of layers with short names */
  const char *first_id;     /* added to all owners */
  const char *path;         /* in a volume or an image */
  const char *type;         /* of a file system */
  const char *bytes;        /* of a limit */
  const char *label;        /* of SELinux */
  const char *lock;         /* directory that one call at a time works in */
  const char *pid;          /* of a process of a container */
  const char *cgroup;       /* name of the container's, in its path */
  const char *upper;        /* directory of a container's own changes */
  const char *work;         /* directory that the overlay needs beside it */
  const char *root_access;  /* "ro" or "rw" */
  const char *name;         /* in an archive */
  const char *links;        /* "follow" or "keep" */
  const char *owners;       /* "archive" or "own" */
  const char **binds;       /* NULL-terminated, or NULL */
  const char **targets;     /* of binds, each "ro:PATH" or "rw:PATH" */
  const char **layers;      /* NULL-terminated */
  const char **options;     /* of a mount; NULL-terminated, or NULL */
  const char *const *paths; /* what follows the options; NULL-terminated, borrowed from argv */
};

/* Reads the options that follow the command. ALLOWED names those that the command takes ("to,diff-id"). */
int layer_options_parse (struct layer_options *options, char **arguments, const char *allowed, struct tss_error *error);
void layer_options_free (struct layer_options *options);

#endif
