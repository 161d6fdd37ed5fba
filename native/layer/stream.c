/* A decompressed byte stream: one thread reads and decompresses while the caller consumes and hashes.
 *
 * Decompression is by far the slowest part of an unpack, so it gets a core of its own. Both threads share a ring of
 * large chunks: the reader fills the chunk at `filled`, the consumer holds the one at `consumed` until it asks for the
 * next. */
#include "stream.h"

#include "../common/cleanup.h"

#include <archive.h>
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

enum
{
  CHUNK_COUNT = 8,
  CHUNK_SIZE = 512 * 1024,
  INPUT_BLOCK_SIZE = 1024 * 1024,
};

struct chunk
{
  unsigned char *bytes;
  size_t size;
};

struct layer_stream
{
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  struct chunk chunks[CHUNK_COUNT];
  unsigned int filled, consumed; /* running counts; guarded by mutex */
  bool ended;                    /* the reader has filled its last chunk, or failed */
  bool abandoned;                /* nobody will read on; the reader frees everything when it notices */
  bool holding;                  /* the consumer still uses chunk `consumed` */
  struct tss_error error;        /* why the reader failed; read only after `ended` */
  int fd;
  uint64_t size, max_bytes; /* decompressed bytes: read so far, and allowed (0 = any number) */
  EVP_MD_CTX *digest;
};

/* Reader thread: waits until a chunk is free; NULL when nobody wants one any more. */
static struct chunk *
next_free_chunk (struct layer_stream *stream)
{
  bool abandoned;

  pthread_mutex_lock (&stream->mutex);
  while (stream->filled - stream->consumed == CHUNK_COUNT && !stream->abandoned)
    pthread_cond_wait (&stream->changed, &stream->mutex);
  abandoned = stream->abandoned;
  pthread_mutex_unlock (&stream->mutex);
  if (abandoned)
    return NULL;
  stream->chunks[stream->filled % CHUNK_COUNT].size = 0;
  return &stream->chunks[stream->filled % CHUNK_COUNT];
}

static void
publish_chunk (struct layer_stream *stream)
{
  pthread_mutex_lock (&stream->mutex);
  stream->filled++;
  pthread_cond_broadcast (&stream->changed);
  pthread_mutex_unlock (&stream->mutex);
}

/* Reader thread: copies one block of libarchive's into as many chunks as it needs. Returns the one to go on with, or
 * NULL. */
static struct chunk *
append_block (struct layer_stream *stream, struct chunk *chunk, const unsigned char *block, size_t size)
{
  while (size > 0 && chunk)
    {
      size_t part = size < CHUNK_SIZE - chunk->size ? size : CHUNK_SIZE - chunk->size;

      memcpy (chunk->bytes + chunk->size, block, part);
      chunk->size += part;
      block += part;
      size -= part;
      if (chunk->size == CHUNK_SIZE)
        {
          publish_chunk (stream);
          chunk = next_free_chunk (stream);
        }
    }
  return chunk;
}

static int
read_failure (struct archive *archive, struct tss_error *error)
{
  const char *text = archive_error_string (archive);

  return tss_error_set (error, TSS_ERROR_INVALID, 0, "", "read layer archive: %s", text ? text : "damaged data");
}

/* Reader thread. Only the listed filters: libarchive's others may start programs of the host. */
static int
open_decompressor (struct archive *archive, int fd)
{
  struct archive_entry *entry;

  if (archive_read_support_filter_gzip (archive) < ARCHIVE_WARN
      || archive_read_support_filter_zstd (archive) < ARCHIVE_WARN
      || archive_read_support_filter_xz (archive) < ARCHIVE_WARN
      || archive_read_support_filter_bzip2 (archive) < ARCHIVE_WARN || archive_read_support_format_raw (archive)
      || archive_read_support_format_empty (archive) || archive_read_open_fd (archive, fd, INPUT_BLOCK_SIZE))
    return ARCHIVE_FATAL;
  return archive_read_next_header (archive, &entry);
}

static int
decompress (struct layer_stream *stream, struct archive *archive, struct tss_error *error)
{
  struct chunk *chunk = next_free_chunk (stream);
  int status = open_decompressor (archive, stream->fd);

  while (status == ARCHIVE_OK && chunk)
    {
      const void *block;
      size_t size;
      off_t offset;

      status = archive_read_data_block (archive, &block, &size, &offset);
      if (status == ARCHIVE_OK)
        chunk = append_block (stream, chunk, block, size);
    }
  if (!chunk)
    return 0;
  if (status != ARCHIVE_EOF)
    return read_failure (archive, error);
  if (chunk->size > 0)
    publish_chunk (stream);
  return 0;
}

static void
free_memory (struct layer_stream *stream)
{
  for (int i = 0; i < CHUNK_COUNT; i++)
    free (stream->chunks[i].bytes);
  EVP_MD_CTX_free (stream->digest);
  free (stream);
}

static void *
run_reader (void *argument)
{
  struct layer_stream *stream = argument;
  struct archive *archive = archive_read_new ();
  bool abandoned;

  if (!archive)
    tss_error_set (&stream->error, TSS_ERROR_INTERNAL, ENOMEM, "", "start the decompressor");
  else
    decompress (stream, archive, &stream->error);
  archive_read_free (archive);
  pthread_mutex_lock (&stream->mutex);
  stream->ended = true;
  abandoned = stream->abandoned;
  pthread_cond_broadcast (&stream->changed);
  pthread_mutex_unlock (&stream->mutex);
  if (abandoned)
    free_memory (stream);
  return NULL;
}

static int
allocate_chunks (struct layer_stream *stream)
{
  for (int i = 0; i < CHUNK_COUNT; i++)
    if (!(stream->chunks[i].bytes = malloc (CHUNK_SIZE)))
      return -1;
  stream->digest = EVP_MD_CTX_new ();
  return stream->digest && EVP_DigestInit_ex (stream->digest, EVP_sha256 (), NULL) ? 0 : -1;
}

struct layer_stream *
layer_stream_start (int fd, uint64_t max_bytes, struct tss_error *error)
{
  struct layer_stream *stream = calloc (1, sizeof *stream);
  int status;

  if (!stream)
    {
      tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "start reading the layer");
      return NULL;
    }
  stream->fd = fd;
  stream->max_bytes = max_bytes;
  pthread_mutex_init (&stream->mutex, NULL);
  pthread_cond_init (&stream->changed, NULL);
  status = allocate_chunks (stream) ? ENOMEM : pthread_create (&stream->thread, NULL, run_reader, stream);
  if (status != 0)
    {
      tss_error_set (error, TSS_ERROR_INTERNAL, status, "", "start reading the layer");
      free_memory (stream);
      return NULL;
    }
  return stream;
}

ssize_t
layer_stream_read (struct layer_stream *stream, const void **block, struct tss_error *error)
{
  const struct chunk *chunk = NULL;

  pthread_mutex_lock (&stream->mutex);
  if (stream->holding)
    {
      stream->consumed++;
      stream->holding = false;
      pthread_cond_broadcast (&stream->changed);
    }
  while (stream->filled == stream->consumed && !stream->ended)
    pthread_cond_wait (&stream->changed, &stream->mutex);
  if (stream->filled != stream->consumed)
    {
      stream->holding = true;
      chunk = &stream->chunks[stream->consumed % CHUNK_COUNT];
    }
  pthread_mutex_unlock (&stream->mutex);
  if (!chunk)
    {
      if (stream->error.code == TSS_ERROR_NONE)
        return 0;
      *error = stream->error;
      return -1;
    }
  stream->size += chunk->size;
  if (stream->max_bytes > 0 && stream->size > stream->max_bytes)
    return tss_error_set (error, TSS_ERROR_INVALID, EFBIG, "maxBytes",
                          "layer has more than the %" PRIu64 " bytes that it may have", stream->max_bytes);
  if (!EVP_DigestUpdate (stream->digest, chunk->bytes, chunk->size))
    return tss_error_set (error, TSS_ERROR_INTERNAL, 0, "", "hash the layer");
  *block = chunk->bytes;
  return (ssize_t)chunk->size;
}

int
layer_stream_finish (struct layer_stream *stream, char digest[LAYER_DIGEST_SIZE], struct tss_error *error)
{
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const void *block;
  ssize_t length;

  while ((length = layer_stream_read (stream, &block, error)) > 0)
    continue;
  if (length < 0)
    return -1;
  if (!EVP_DigestFinal_ex (stream->digest, hash, &size))
    return tss_error_set (error, TSS_ERROR_INTERNAL, 0, "", "hash the layer");
  strcpy (digest, "sha256:");
  for (unsigned int i = 0; i < size; i++)
    sprintf (digest + strlen ("sha256:") + 2 * i, "%02x", hash[i]);
  return 0;
}

uint64_t
layer_stream_size (const struct layer_stream *stream)
{
  return stream->size;
}

void
layer_stream_free (struct layer_stream *stream)
{
  bool ended;

  if (!stream)
    return;
  pthread_mutex_lock (&stream->mutex);
  ended = stream->ended;
  stream->abandoned = true;
  pthread_cond_broadcast (&stream->changed);
  /* While the lock is held: as soon as the reader has it, it may end and take everything with it. */
  if (!ended)
    pthread_detach (stream->thread);
  pthread_mutex_unlock (&stream->mutex);
  if (!ended)
    return;
  pthread_join (stream->thread, NULL);
  free_memory (stream);
}
