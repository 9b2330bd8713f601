// Undoes gzip and deflate with zlib, found when the program runs: libcurl stands on it. The layout is that of zlib's
// stable binary interface (SONAME 1).
#pragma once

#ifdef __linux__
#include <stddef.h>

// Loads the library, once; 0: it is not there. Every other function needs it loaded.
int eventsource_inflate_load(void);

// An inflater for gzip (members one after the other, RFC 1952, 2.2) and deflate (RFC 1950, or bare RFC 1951); NULL: there
// is no memory.
void *eventsource_inflate_new(void);
void eventsource_inflate_free(void *inflater);

// What a step took and gave. `status` is 0: more may follow; 1: the content is complete; -1: it is damaged.
typedef struct {
  size_t taken;
  size_t given;
  int status;
} eventsource_inflate_step;

// Inflates as much as there is input and room for. `is_last` says that no more input follows.
eventsource_inflate_step eventsource_inflate(
    void *inflater, const void *input, size_t input_count, void *output, size_t output_count, int is_last);
#endif
