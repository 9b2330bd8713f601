import Glibc

/// The descriptor that the signal handler writes to. Set once, before the handler is installed.
private nonisolated(unsafe) var handlerPipe: Int32 = -1

/// Waits for SIGINT and SIGTERM. The second signal ends the program immediately.
struct Interruptions {
  private let signals = AsyncStream<Void>.makeStream()

  init() {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return }
    handlerPipe = ends[1]
    let reader = Reader(descriptor: ends[0], continuation: signals.continuation)
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { argument in
        Unmanaged<Reader>.fromOpaque(argument!).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(reader).toOpaque()
    )
    for number in [SIGINT, SIGTERM] {
      // A signal handler may call only a few functions. write is one of them (POSIX, async-signal-safe functions).
      signal(number) { number in
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(handlerPipe, &byte, 1)
      }
    }
  }

  /// Returns at the first signal.
  func first() async {
    for await _ in signals.stream { return }
  }

  private final class Reader {
    let descriptor: Int32
    let continuation: AsyncStream<Void>.Continuation

    init(descriptor: Int32, continuation: AsyncStream<Void>.Continuation) {
      self.descriptor = descriptor
      self.continuation = continuation
    }

    func run() {
      var number: UInt8 = 0
      _ = read(descriptor, &number, 1)
      continuation.yield()
      _ = read(descriptor, &number, 1)
      _exit(128 + Int32(number))
    }
  }
}
