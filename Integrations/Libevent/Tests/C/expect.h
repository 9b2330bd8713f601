/* What the C tests share: an expectation that is not met is told, and ends the program with status 1. */
#pragma once

#include <eventsource.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(condition) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "%s:%d: not so: %s (last error: %s)\n", __FILE__, __LINE__, #condition, es_last_error()); \
      exit(1); \
    } \
  } while (0)

#define EXPECT_STATUS(expected, call) \
  do { \
    es_status found = (call); \
    if (found != (expected)) { \
      fprintf( \
        stderr, "%s:%d: %s is %d, not %s (last error: %s)\n", __FILE__, __LINE__, #call, found, #expected, \
        es_last_error()); \
      exit(1); \
    } \
  } while (0)

#define EXPECT_OK(call) EXPECT_STATUS(ES_OK, call)

/* So many bytes of one letter, and a NUL; to be freed. */
static inline char *letters(size_t count) {
  char *text = malloc(count + 1);
  memset(text, 'x', count);
  text[count] = '\0';
  return text;
}
