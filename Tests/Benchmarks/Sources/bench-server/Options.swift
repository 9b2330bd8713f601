import Glibc

/// The options of the command line.
struct Options {
  enum Stack: String {
    case builtin, evhttp, nio
    case nioHTTP2 = "nio-http2"
    case hummingbird
  }
  /// What readers that accept gzip share: nothing is compressed, one compressor a channel, or none is shared.
  enum Gzip: String { case off, shared, each }

  static let usage = """
    usage: bench-server --stack builtin|evhttp|nio|nio-http2|hummingbird --port N [--threads N] [--history BYTES]
                        [--redis URL] [--gzip off|shared|each] [--level N]

    GET /stream, GET /stream/NUMBER   an event stream: of channel 0, or of a channel
    POST /publish?n=N&size=S&rate=R&channels=C&burst=B&publishers=P&json=J
                                      publishes N events (1000) of S bytes (100), R a second (0: as fast as it can),
                                      to C channels (1) in turn, B (1) at once, of JSON if J is 1; answers at once. With
                                      a history on Redis: by P tasks (1), each of which awaits that its event is stored
    GET /heartbeats                   a stream without events: a comment whenever nothing was sent for 10 ms
    GET /ok                           a route of the program's own
    GET /stats                        what was done, as JSON; the time of each call of publish in nanoseconds, and how
                                      late a timer of 10 ms on evhttp's first base was since the last POST

    nio, nio-http2 and hummingbird need the package's trait Stacks. With nio-http2 a connection is HTTP/2 if it begins
    with the preface. GET /idle of nio and hummingbird is a response without events, made with the stack alone.

    An event's data begins with "ts=" and the real time in nanoseconds when it was published; IDs rise by one. With a
    history on Redis, the IDs are those of Redis.
    """

  var stack = Stack.builtin
  var port: UInt16 = 0
  var threads = 1
  var gzip = Gzip.off
  var level = 6
  /// The bytes that each channel's log retains. The hub's limit is four times as much, at least 2 GiB.
  var historyBytes = 256 << 20
  /// Where the history is that several processes share; nil: each has its own.
  var redis: String?

  /// Returns `nil` if the arguments are invalid.
  init?(_ arguments: [String]) {
    var hasPort = false
    var rest = arguments[...]
    while let name = rest.popFirst() {
      guard let value = rest.popFirst() else { return nil }
      switch name {
      case "--stack":
        guard let stack = Stack(rawValue: value) else { return nil }
        self.stack = stack
      case "--port":
        guard let port = UInt16(value) else { return nil }
        self.port = port
        hasPort = true
      case "--threads":
        guard let threads = Int(value), (1...64).contains(threads) else { return nil }
        self.threads = threads
      case "--gzip":
        guard let gzip = Gzip(rawValue: value) else { return nil }
        self.gzip = gzip
      case "--level":
        guard let level = Int(value), (1...9).contains(level) else { return nil }
        self.level = level
      case "--history":
        guard let bytes = Int(value), (1024...(1 << 36)).contains(bytes) else { return nil }
        historyBytes = bytes
      case "--redis": redis = value
      default: return nil
      }
    }
    guard hasPort else { return nil }
  }
}
