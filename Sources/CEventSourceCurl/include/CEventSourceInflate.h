// Decompresses gzip and deflate with zlib, loaded at run time. libcurl depends on zlib, so it is installed. The layout
// is that of zlib's stable binary interface (SONAME 1).
#pragma once

#ifdef __linux__
#include <stddef.h>

// Loads the library once. Returns 0 if it is missing. Call this before every other function.
int eventsource_inflate_load(void);

// Creates an inflater for gzip (a sequence of members, RFC 1952, 2.2) and deflate (RFC 1950, or bare RFC 1951). Returns
// NULL if memory is exhausted.
void *eventsource_inflate_new(void);
void eventsource_inflate_free(void *inflater);

// The input and output of a step. `status` is 0 if more may follow, 1 if the content is complete, -1 if it is damaged.
typedef struct {
  size_t taken;
  size_t given;
  int status;
} eventsource_inflate_step;

// Inflates as much as the input and the room allow. `is_last` means that no more input follows.
eventsource_inflate_step eventsource_inflate(
    void *inflater, const void *input, size_t input_count, void *output, size_t output_count, int is_last);
#endif
