#include "CEventSourceInflate.h"

#ifdef __linux__
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// zlib's z_stream.
typedef struct {
  const unsigned char *next_in;
  unsigned avail_in;
  unsigned long total_in;
  unsigned char *next_out;
  unsigned avail_out;
  unsigned long total_out;
  const char *message;
  void *state;
  void *allocate, *release, *opaque;
  int data_type;
  unsigned long adler, reserved;
} z_stream;

enum { z_ok = 0, z_stream_end = 1, z_buffer_error = -5, no_flush = 0, any_header = 15 + 32, no_header = -15 };

static struct {
  int (*init)(z_stream *, int, const char *, int);
  int (*inflate)(z_stream *, int);
  int (*reset)(z_stream *, int);
  int (*end)(z_stream *);
} zlib;

typedef struct {
  z_stream stream;
  // Whether a byte of the content has been read, so its header is known.
  int has_begun;
  // Whether a member is complete, and neither the next one nor the end has been seen.
  int is_between;
} inflater;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int is_loaded;

static void load(void) {
  void *library = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return;
  *(void **)&zlib.init = dlsym(library, "inflateInit2_");
  *(void **)&zlib.inflate = dlsym(library, "inflate");
  *(void **)&zlib.reset = dlsym(library, "inflateReset2");
  *(void **)&zlib.end = dlsym(library, "inflateEnd");
  is_loaded = zlib.init != NULL && zlib.inflate != NULL && zlib.reset != NULL && zlib.end != NULL;
}

int eventsource_inflate_load(void) {
  pthread_once(&once, load);
  return is_loaded;
}

void *eventsource_inflate_new(void) {
  inflater *it = calloc(1, sizeof(inflater));
  if (it != NULL && zlib.init(&it->stream, any_header, "1", sizeof(z_stream)) != z_ok) {
    free(it);
    it = NULL;
  }
  return it;
}

void eventsource_inflate_free(void *opaque) {
  zlib.end(&((inflater *)opaque)->stream);
  free(opaque);
}

// Returns whether two bytes can begin a zlib stream (RFC 1950, 2.2) or a gzip member. Otherwise, the content is bare
// deflate.
static int has_header(const unsigned char *bytes, size_t count) {
  if (bytes[0] == 0x1F) return 1;
  if ((bytes[0] & 0x0F) != 8 || bytes[0] >> 4 > 7) return 0;
  return count < 2 || (bytes[0] << 8 | bytes[1]) % 31 == 0;
}

eventsource_inflate_step eventsource_inflate(
    void *opaque, const void *input, size_t input_count, void *output, size_t output_count, int is_last) {
  inflater *it = opaque;
  z_stream *stream = &it->stream;
  eventsource_inflate_step step = {0, 0, 0};
  const unsigned char *bytes = input;
  if (it->is_between) {
    // A member is followed by another one, by padding of zeros, or by the end.
    while (step.taken < input_count && bytes[step.taken] == 0) step.taken++;
    if (step.taken == input_count) {
      step.status = is_last ? 1 : 0;
      return step;
    }
    if (bytes[step.taken] != 0x1F || zlib.reset(stream, any_header) != z_ok) {
      step.status = -1;
      return step;
    }
    it->is_between = 0;
  }
  if (!it->has_begun && input_count > 0) {
    if (!has_header(bytes, input_count)) zlib.reset(stream, no_header);
    it->has_begun = 1;
  }
  stream->next_in = bytes + step.taken;
  stream->avail_in = (unsigned)(input_count - step.taken);
  stream->next_out = output;
  stream->avail_out = (unsigned)output_count;
  int result = zlib.inflate(stream, no_flush);
  step.taken = input_count - stream->avail_in;
  step.given = output_count - stream->avail_out;
  if (result == z_stream_end) {
    it->is_between = 1;
  } else if (result != z_ok && result != z_buffer_error) {
    step.status = -1;
  } else if (is_last && stream->avail_in == 0 && stream->avail_out > 0) {
    // More input is needed, and there is none. An empty body is not an error.
    step.status = it->has_begun ? -1 : 1;
  }
  return step;
}
#endif
