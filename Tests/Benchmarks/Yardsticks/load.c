// Reads many event streams at once and counts the events: with one thread, epoll, and only the parsing that counting
// requires. Prints {"open": …} when all streams have their heads, and one object with the results at the end.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char usage_text[] =
    "usage: load --port N [options]\n"
    "  --path PATH          the stream (/stream); %d in it becomes the reader's number modulo --channels; when there are\n"
    "                       more channels than readers, ?channel=N&... names each reader's others\n"
    "  --readers N          (100)            --channels N   (1)\n"
    "  --expect N           ends when each reader has so many events\n"
    "  --publish PATH       POSTed once, when all streams are open; without it somebody else publishes\n"
    "  --last-event-id ID   sent by each reader\n"
    "  --hold SECONDS       ends after this long instead\n"
    "  --idle SECONDS       ends when nothing has come for so long, after something has\n"
    "  --limit SECONDS      ends then in any case (120)\n"
    "  --pid N              reports this process's time and memory\n"
    "  --in-flight N        so many connects at once (512)\n"
    "  --http2              each connection is HTTP/2 with prior knowledge, with one stream\n";

enum { BUFFER = 256 << 10, CARRY = 64, BUCKETS = 64 * 64, PER_SOURCE = 10000 };
enum state { UNCONNECTED, CONNECTING, AWAITING_HEAD, OPEN, CLOSED };
enum chunk_state { SIZE, EXTENSION, DATA, DATA_END, LAST };

struct reader {
  int fd, number, head_count;
  enum state state;
  bool is_chunked, has_data;
  enum chunk_state chunk;
  uint64_t chunk_left, events, last_id, started;
  // An incomplete line: its first bytes and its length.
  int carried;
  uint64_t line_count;
  char carry[CARRY];
  char *head;
  // HTTP/2: the header of the current frame, and what is left of its payload.
  int frame_count;
  uint8_t frame[9], ping[8];
  uint32_t frame_left;
};

static int port, readers = 100, channels = 1, in_flight = 512, pid, hold, idle, limit = 120;
static long expected;
static const char *path = "/stream", *publish_path, *last_event_id;
static struct reader *all;
static int poller, opened, connecting, failed, closed_count;
static uint64_t events, bytes, reads, gaps, repeats, finished, first_ns, last_ns, timed, latency_max, head_max;
static uint64_t latencies[BUCKETS], heads[BUCKETS];
static bool measuring, is_http2;

static uint64_t now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000ull + time.tv_nsec;
}

// Histograms of nanoseconds, with 64 buckets for each power of two.
static int bucket(uint64_t value) {
  if (value < 64) return value;
  int exponent = 63 - __builtin_clzll(value);
  return (exponent - 5) * 64 + ((value >> (exponent - 6)) & 63);
}

static double quantile_ms(const uint64_t *histogram, double share, uint64_t max) {
  uint64_t total = 0, seen = 0;
  for (int i = 0; i < BUCKETS; i++) total += histogram[i];
  for (int i = 0; i < BUCKETS && total; i++) {
    seen += histogram[i];
    if (seen < share * total) continue;
    int exponent = i / 64 + 5;
    uint64_t value = i < 64 ? (uint64_t)i : (1ull << exponent) + ((uint64_t)(i % 64 + 1) << (exponent - 6));
    return (value < max ? value : max) / 1e6;
  }
  return 0;
}

static void watch(struct reader *reader, uint32_t events, int operation) {
  struct epoll_event event = {.events = events, .data.ptr = reader};
  epoll_ctl(poller, operation, reader->fd, &event);
}

static void drop(struct reader *reader) {
  if (reader->state == CONNECTING || reader->state == AWAITING_HEAD) { connecting--; failed++; }
  if (reader->state == OPEN) closed_count++;
  close(reader->fd);
  free(reader->head);
  reader->head = NULL;
  reader->state = CLOSED;
}

static void connect_reader(struct reader *reader) {
  int one = 1;
  struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(port)};
  // Enough addresses for the required number of ports.
  from.sin_addr.s_addr = htonl(0x7F000002u + reader->number / PER_SOURCE);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  reader->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  reader->state = CONNECTING;
  reader->started = now(CLOCK_MONOTONIC);
  connecting++;
  setsockopt(reader->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(reader->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (reader->fd < 0 || bind(reader->fd, (void *)&from, sizeof from) ||
      (connect(reader->fd, (void *)&to, sizeof to) && errno != EINPROGRESS))
    return drop(reader);
  watch(reader, EPOLLOUT, EPOLL_CTL_ADD);
}

// A field of a request, literal and never Huffman coded (RFC 7541, 6.2.2); the name is one of the static table.
static char *put_field(char *end, int name, const char *value) {
  if (name < 15) *end++ = name;
  else { *end++ = 15; *end++ = name - 15; }
  size_t count = strlen(value);
  if (count < 127) *end++ = count;
  else { *end++ = 127; for (count -= 127; count > 127; count >>= 7) *end++ = count | 128; *end++ = count; }
  return stpcpy(end, value);
}

// The preface, windows that never close, and the request in stream 1 (RFC 9113).
static int http2_request(char *request, const char *target) {
  static const char start[] =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\14\4\0\0\0\0\0\0\2\0\0\0\0\0\4\177\377\377\377"
      "\0\0\4\10\0\0\0\0\0\177\377\0\0";
  memcpy(request, start, sizeof start - 1);
  char *header = request + sizeof start - 1, *end = header + 9, authority[32];
  *end++ = (char)0x82;
  *end++ = (char)0x86;
  sprintf(authority, "127.0.0.1:%d", port);
  end = put_field(end, 4, target);
  end = put_field(end, 1, authority);
  end = put_field(end, 19, "text/event-stream");
  if (last_event_id) {
    end = stpcpy(end, "") + 1;
    *end++ = 13;
    end = stpcpy(end, "last-event-id");
    *end++ = strlen(last_event_id);
    end = stpcpy(end, last_event_id);
  }
  size_t count = end - header - 9;
  memcpy(header, (char[]){0, count >> 8, count, 1, 5, 0, 0, 0, 1}, 9);
  return end - request;
}

static void send_request(struct reader *reader) {
  char target[512], request[1024];
  int end = snprintf(target, sizeof target, path, reader->number % channels);
  for (int more = reader->number + readers; more < channels && end < (int)sizeof target - 20; more += readers)
    end += sprintf(target + end, "%cchannel=%d", more < 2 * readers ? '?' : '&', more);
  int count = snprintf(
      request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: text/event-stream\r\n%s%s%s\r\n", target,
      port, last_event_id ? "Last-Event-ID: " : "", last_event_id ? last_event_id : "", last_event_id ? "\r\n" : "");
  if (is_http2) count = http2_request(request, target);
  if (send(reader->fd, request, count, MSG_NOSIGNAL) != count) return drop(reader);
  reader->state = AWAITING_HEAD;
  watch(reader, EPOLLIN, EPOLL_CTL_MOD);
}

static uint64_t number_in(const char *text, const char *end) {
  uint64_t number = 0;
  while (text < end && *text >= '0' && *text <= '9') number = number * 10 + (*text++ - '0');
  return number;
}

// Handles a line, of which the first `there` bytes are available.
static void take_line(struct reader *reader, const char *line, size_t there, size_t count, uint64_t real) {
  if (count && there == count && line[count - 1] == '\r') there = --count;
  const char *end = line + there;
  if (count == 0) {
    if (reader->has_data && measuring) {
      events++;
      if (++reader->events == (uint64_t)expected) finished++;
    }
    reader->has_data = false;
  } else if (there >= 5 && !memcmp(line, "data:", 5)) {
    line += 5 + (there > 5 && line[5] == ' ');
    if (!reader->has_data && end - line > 3 && !memcmp(line, "ts=", 3)) {
      uint64_t stamp = number_in(line + 3, end), latency = real > stamp ? real - stamp : 0;
      if (stamp > 1000000000000000000ull) {
        latencies[bucket(latency)]++;
        timed++;
        if (latency > latency_max) latency_max = latency;
      }
    }
    reader->has_data = true;
  } else if (there > 3 && !memcmp(line, "id:", 3)) {
    line += 3 + (line[3] == ' ');
    uint64_t id = number_in(line, end);
    // An ID of Redis is an epoch and a number.
    const char *dash = memchr(line, '-', end - line);
    if (dash) id = number_in(dash + 1, end) + 1;
    // The ID of a stream of several channels is not a number.
    if (channels > readers || line == end || *line < '0' || *line > '9') return;
    if (reader->last_id && channels == 1 && id > reader->last_id + 1) gaps += id - reader->last_id - 1;
    if (reader->last_id && id <= reader->last_id) repeats++;
    reader->last_id = id;
  }
}

static void take_body(struct reader *reader, const char *body, size_t count, uint64_t real) {
  const char *end = body + count;
  bytes += count;
  while (body < end) {
    const char *lf = memchr(body, '\n', end - body);
    size_t part = (lf ? lf : end) - body;
    if (lf && !reader->line_count) {
      take_line(reader, body, part, part, real);
    } else {
      size_t kept = part < (size_t)(CARRY - reader->carried) ? part : (size_t)(CARRY - reader->carried);
      memcpy(reader->carry + reader->carried, body, kept);
      reader->carried += kept;
      reader->line_count += part;
      if (lf) {
        take_line(reader, reader->carry, reader->carried, reader->line_count, real);
        reader->line_count = reader->carried = 0;
      }
    }
    body += part + (lf != NULL);
  }
}

// RFC 9112, 7.1. Returns false at the last chunk.
static bool take_chunked(struct reader *reader, const char *part, size_t count, uint64_t real) {
  const char *end = part + count;
  while (part < end) {
    char byte = *part;
    switch (reader->chunk) {
      case SIZE:
      case EXTENSION:
        part++;
        if (byte == '\n') reader->chunk = reader->chunk_left ? DATA : LAST;
        else if (byte == ';') reader->chunk = EXTENSION;
        else if (reader->chunk == SIZE && byte != '\r')
          reader->chunk_left = reader->chunk_left * 16 + (byte <= '9' ? byte - '0' : (byte | 32) - 'a' + 10);
        break;
      case DATA: {
        size_t taken = (size_t)(end - part) < reader->chunk_left ? (size_t)(end - part) : reader->chunk_left;
        take_body(reader, part, taken, real);
        part += taken;
        reader->chunk_left -= taken;
        if (!reader->chunk_left) reader->chunk = DATA_END;
        break;
      }
      case DATA_END:
        part++;
        if (byte == '\n') reader->chunk = SIZE;
        break;
      case LAST: return false;
    }
  }
  return reader->chunk != LAST;
}

static void opened_now(struct reader *reader) {
  uint64_t latency = now(CLOCK_MONOTONIC) - reader->started;
  heads[bucket(latency)]++;
  if (latency > head_max) head_max = latency;
  reader->state = OPEN;
  connecting--;
  opened++;
}

// Returns the bytes after the head, or NULL if the head is incomplete or not that of a stream.
static const char *take_head(struct reader *reader, const char *part, size_t *count) {
  int before = reader->head_count;
  reader->head = realloc(reader->head, before + *count + 1);
  memcpy(reader->head + before, part, *count);
  reader->head_count += *count;
  reader->head[reader->head_count] = 0;
  char *end = memmem(reader->head, reader->head_count, "\r\n\r\n", 4);
  if (!end) return NULL;
  *end = 0;
  if (strncmp(reader->head + 8, " 200", 4)) {
    if (!failed) fprintf(stderr, "load: %.60s\n", reader->head);
    drop(reader);
    return NULL;
  }
  reader->is_chunked = strcasestr(reader->head, "\ntransfer-encoding: chunked") != NULL;
  size_t used = end + 4 - reader->head - before;
  free(reader->head);
  reader->head = NULL;
  opened_now(reader);
  *count -= used;
  return part + used;
}

// Reads frames: takes the data, acknowledges settings and pings, and checks the status. Returns false at the end of the
// stream or the connection.
static bool take_frames(struct reader *reader, const char *part, size_t count, uint64_t real) {
  enum { DATA_FRAME, HEADERS, RESET = 3, SETTINGS = 4, PING = 6, GOAWAY = 7 };
  const char *end = part + count;
  while (part < end) {
    if (reader->frame_count < 9) {
      reader->frame[reader->frame_count++] = *part++;
      if (reader->frame_count < 9) continue;
      reader->frame_left = reader->frame[0] << 16 | reader->frame[1] << 8 | reader->frame[2];
      int type = reader->frame[3], flags = reader->frame[4];
      if (type == RESET || type == GOAWAY) return false;
      if (type == SETTINGS && !(flags & 1)) send(reader->fd, "\0\0\0\4\1\0\0\0\0", 9, MSG_NOSIGNAL);
      if (type == DATA_FRAME && flags & 1) return false;
    } else {
      size_t taken = (size_t)(end - part) < reader->frame_left ? (size_t)(end - part) : reader->frame_left;
      int type = reader->frame[3];
      if (type == DATA_FRAME) {
        take_body(reader, part, taken, real);
      } else if (type == HEADERS && reader->state == AWAITING_HEAD) {
        // RFC 7541, appendix A: 8 is the status 200.
        if ((uint8_t)*part != 0x88) return false;
        opened_now(reader);
      } else if (type == PING && !(reader->frame[4] & 1)) {
        memcpy(reader->ping + 8 - reader->frame_left, part, taken);
        if (taken == reader->frame_left) {
          char reply[17] = {0, 0, 8, PING, 1};
          memcpy(reply + 9, reader->ping, 8);
          send(reader->fd, reply, 17, MSG_NOSIGNAL);
        }
      }
      part += taken;
      reader->frame_left -= taken;
    }
    if (reader->frame_count == 9 && !reader->frame_left) reader->frame_count = 0;
  }
  return true;
}

static void receive(struct reader *reader) {
  static char buffer[BUFFER];
  ssize_t received = recv(reader->fd, buffer, sizeof buffer, 0);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (received <= 0) return drop(reader);
  reads++;
  const char *part = buffer;
  size_t count = received;
  if (!is_http2 && reader->state == AWAITING_HEAD && !(part = take_head(reader, part, &count))) return;
  uint64_t before = events;
  if (is_http2) { if (!take_frames(reader, part, count, now(CLOCK_REALTIME))) drop(reader); }
  else if (!reader->is_chunked) take_body(reader, part, count, now(CLOCK_REALTIME));
  else if (!take_chunked(reader, part, count, now(CLOCK_REALTIME))) drop(reader);
  if (events == before) return;
  last_ns = now(CLOCK_MONOTONIC);
  if (!first_ns) first_ns = last_ns;
}

static void publish(void) {
  char request[512];
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  int count = snprintf(
      request, sizeof request, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
      publish_path);
  if (connect(fd, (void *)&to, sizeof to) || send(fd, request, count, MSG_NOSIGNAL) != count ||
      recv(fd, request, 12, MSG_WAITALL) != 12 || memcmp(request + 9, "2", 1)) {
    fprintf(stderr, "load: %s is not answered with success\n", publish_path);
    exit(1);
  }
  close(fd);
}

struct usage { double cpu; long resident; };

static struct usage usage_of_server(void) {
  struct usage usage = {0};
  char name[64];
  if (!pid) return usage;
  clockid_t clock;
  struct timespec time;
  // In nanoseconds, including ended threads. /proc has a resolution of only a hundredth of a second.
  if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time)) return usage;
  usage.cpu = time.tv_sec + time.tv_nsec * 1e-9;
  snprintf(name, sizeof name, "/proc/%d/statm", pid);
  FILE *file = fopen(name, "r");
  if (file) {
    if (fscanf(file, "%*d %ld", &usage.resident) != 1) usage.resident = 0;
    fclose(file);
  }
  usage.resident *= sysconf(_SC_PAGESIZE) / 1024;
  return usage;
}

// Handles ready descriptors, and opens more streams if any remain to be opened.
static void step(int milliseconds) {
  static int next;
  static struct epoll_event ready[1024];
  while (connecting < in_flight && next < readers) connect_reader(&all[next++]);
  int count = epoll_wait(poller, ready, 1024, milliseconds);
  for (int i = 0; i < count; i++) {
    struct reader *reader = ready[i].data.ptr;
    int error = 0;
    socklen_t size = sizeof error;
    if (reader->state == CONNECTING) {
      getsockopt(reader->fd, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error) drop(reader); else send_request(reader);
    } else if (reader->state != CLOSED) {
      receive(reader);
    }
  }
}

static void parse_options(int count, char **arguments) {
  static const struct option options[] = {
      {"port", 1, 0, 'p'}, {"path", 1, 0, 'a'}, {"readers", 1, 0, 'r'}, {"channels", 1, 0, 'c'}, {"expect", 1, 0, 'e'},
      {"publish", 1, 0, 'u'}, {"last-event-id", 1, 0, 'i'}, {"hold", 1, 0, 'h'}, {"idle", 1, 0, 's'}, {"limit", 1, 0, 'l'}, {"pid", 1, 0, 'd'},
      {"in-flight", 1, 0, 'f'}, {"http2", 0, 0, '2'}, {0}};
  int option;
  while ((option = getopt_long(count, arguments, "", options, NULL)) != -1) switch (option) {
      case 'p': port = atoi(optarg); break;
      case 'a': path = optarg; break;
      case 'r': readers = atoi(optarg); break;
      case 'c': channels = atoi(optarg); break;
      case 'e': expected = atol(optarg); break;
      case 'u': publish_path = optarg; break;
      case 'i': last_event_id = optarg; break;
      case 'h': hold = atoi(optarg); break;
      case 's': idle = atoi(optarg); break;
      case 'l': limit = atoi(optarg); break;
      case 'd': pid = atoi(optarg); break;
      case 'f': in_flight = atoi(optarg); break;
      case '2': is_http2 = true; break;
      default: fputs(usage_text, stderr); exit(64);
    }
  if (!port || readers < 1 || channels < 1) { fputs(usage_text, stderr); exit(64); }
}

int main(int count, char **arguments) {
  parse_options(count, arguments);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  poller = epoll_create1(EPOLL_CLOEXEC);
  all = calloc(readers, sizeof *all);
  for (int i = 0; i < readers; i++) all[i].number = i;

  struct usage before = usage_of_server();
  uint64_t start = now(CLOCK_MONOTONIC), deadline = start + limit * 1000000000ull;
  // With an ID, missed events arrive immediately and are counted from the start.
  measuring = last_event_id != NULL;
  while (opened + failed < readers && now(CLOCK_MONOTONIC) < deadline) step(100);
  double connect_seconds = (now(CLOCK_MONOTONIC) - start) / 1e9;
  // Waits until everything has arrived, so that the server's idle memory is measured.
  for (uint64_t settled = now(CLOCK_MONOTONIC) + 300000000; !measuring && now(CLOCK_MONOTONIC) < settled;) step(20);
  struct usage open = usage_of_server();
  uint64_t own = now(CLOCK_PROCESS_CPUTIME_ID), begin = now(CLOCK_MONOTONIC);
  printf("{\"open\": %d}\n", opened);
  fflush(stdout);
  measuring = true;
  if (publish_path) publish();
  while (now(CLOCK_MONOTONIC) < deadline && closed_count < opened) {
    if (hold ? now(CLOCK_MONOTONIC) > begin + hold * 1000000000ull : expected && finished == (uint64_t)opened) break;
    if (idle && last_ns && now(CLOCK_MONOTONIC) > last_ns + idle * 1000000000ull) break;
    step(20);
  }
  struct usage end = usage_of_server();
  double seconds = first_ns && last_ns > first_ns ? (last_ns - first_ns) / 1e9 : 0;
  if (last_event_id) seconds = (last_ns - start) / 1e9;
  printf(
      "{\"opened\": %d, \"failed\": %d, \"closed\": %d, \"connect_seconds\": %.4f, \"head_p50_ms\": %.3f, "
      "\"head_p99_ms\": %.3f, \"events\": %lu, \"lost\": %ld, \"gaps\": %lu, \"repeats\": %lu, \"bytes\": %lu, "
      "\"reads\": %lu, \"seconds\": %.4f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, \"max_ms\": %.3f, "
      "\"server_cpu\": %.6f, \"connect_cpu\": %.6f, \"client_cpu\": %.6f, \"resident_before\": %ld, "
      "\"resident_open\": %ld, \"resident_end\": %ld}\n",
      opened, failed, closed_count, connect_seconds, quantile_ms(heads, 0.5, head_max), quantile_ms(heads, 0.99, head_max),
      events, expected ? expected * opened - (long)events : 0, gaps, repeats, bytes, reads, seconds,
      quantile_ms(latencies, 0.5, latency_max), quantile_ms(latencies, 0.99, latency_max),
      quantile_ms(latencies, 0.999, latency_max), latency_max / 1e6, end.cpu - (last_event_id ? before : open).cpu,
      open.cpu - before.cpu, (now(CLOCK_PROCESS_CPUTIME_ID) - own) / 1e9, before.resident, open.resident, end.resident);
  return 0;
}
