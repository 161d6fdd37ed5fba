/* A decompressed byte stream: one thread reads and decompresses while the caller consumes and hashes. */
#ifndef TSSTACK_LAYER_STREAM_H
#define TSSTACK_LAYER_STREAM_H

#include "../common/error.h"

#include <stdint.h>
#include <sys/types.h>

/* "sha256:" and 64 hex digits. */
#define LAYER_DIGEST_SIZE (sizeof "sha256:" + 64)

struct layer_stream;

/* Starts reading FD (plain, gzip, zstd, xz or bzip2). More than MAX_BYTES decompressed ones are an error; 0 = any
 * number. Returns NULL on failure. */
struct layer_stream *layer_stream_start (int fd, uint64_t max_bytes, struct tss_error *error);

/* The next block of decompressed bytes, valid until the next call; 0 at the end. */
ssize_t layer_stream_read (struct layer_stream *stream, const void **block, struct tss_error *error);

/* Reads what is left (padding after the end of a tar belongs to its digest) and tells the digest of everything. */
int layer_stream_finish (struct layer_stream *stream, char digest[LAYER_DIGEST_SIZE], struct tss_error *error);

/* How many decompressed bytes have been read. */
uint64_t layer_stream_size (const struct layer_stream *stream);

/* Frees a stream. One that was not read to its end is freed by its thread, which may be waiting for input: when that
 * comes or ends. */
void layer_stream_free (struct layer_stream *stream);

#endif
