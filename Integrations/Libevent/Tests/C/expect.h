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

/* An error is told in words of C: it says something, and has no name of Swift's, such as `camelCase`. */
static inline void expect_plain_error(const char *file, int line) {
  const char *error = es_last_error();
  int is_plain = error[0] && !strstr(error, "(_") && !strstr(error, "Optional(");
  for (const char *at = error; at[0] && at[1]; at++)
    if (at[0] >= 'a' && at[0] <= 'z' && at[1] >= 'A' && at[1] <= 'Z') is_plain = 0;
  if (is_plain) return;
  fprintf(stderr, "%s:%d: no error that a C program understands: %s\n", file, line, error);
  exit(1);
}

#define EXPECT_STATUS(expected, call) \
  do { \
    es_status found = (call); \
    if (found != (expected)) { \
      fprintf( \
        stderr, "%s:%d: %s is %d, not %s (last error: %s)\n", __FILE__, __LINE__, #call, found, #expected, \
        es_last_error()); \
      exit(1); \
    } \
    if (found != ES_OK) expect_plain_error(__FILE__, __LINE__); \
  } while (0)

/* A failure that says so in these words. */
#define EXPECT_ERROR(expected, words, call) \
  do { \
    EXPECT_STATUS(expected, call); \
    EXPECT(strstr(es_last_error(), words)); \
  } while (0)

#define EXPECT_OK(call) EXPECT_STATUS(ES_OK, call)

/* So many bytes of one letter, and a NUL; to be freed. */
static inline char *letters(size_t count) {
  char *text = malloc(count + 1);
  memset(text, 'x', count);
  text[count] = '\0';
  return text;
}
