// The minimum work of a decoder that returns allocated memory, as a yardstick for others: memchr for the line ends, and
// one allocation and copy for the data of each event. It recognizes only LF and the field data.
//   floor_parse FILE [RUNS]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

int main(int count, char **arguments) {
  FILE *file = count > 1 ? fopen(arguments[1], "rb") : NULL;
  if (!file) return fputs("usage: floor_parse FILE [RUNS]\n", stderr), 64;
  fseek(file, 0, SEEK_END);
  size_t size = ftell(file);
  rewind(file);
  char *text = malloc(size);
  if (fread(text, 1, size, file) != size) return perror("floor_parse"), 74;
  double best = 1e9;
  long events = 0;
  size_t bytes = 0;
  for (int runs = count > 2 ? atoi(arguments[2]) : 5; runs > 0; runs--) {
    double start = now();
    char *data = NULL;
    size_t used = 0, room = 0;
    events = bytes = 0;
    for (char *line = text, *lf; (lf = memchr(line, '\n', text + size - line)); line = lf + 1) {
      if (lf == line) {
        if (!data) continue;
        events++;
        bytes += used;
        free(data);
        data = NULL;
        used = room = 0;
      } else if (lf - line >= 6 && !memcmp(line, "data: ", 6)) {
        size_t value = lf - line - 6;
        if (used + value + 1 > room) data = realloc(data, room = (used + value + 1) * (data ? 2 : 1));
        if (used) data[used++] = '\n';
        memcpy(data + used, line + 6, value);
        used += value;
      }
    }
    free(data);
    if (now() - start < best) best = now() - start;
  }
  printf("floor_parse whole: %ld events %zu data bytes: %.0f events/s %.0f MB/s\n", events, bytes, events / best, size / best / 1e6);
}
