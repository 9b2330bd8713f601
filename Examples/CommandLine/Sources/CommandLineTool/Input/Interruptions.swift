import Dispatch
import Glibc

/// SIGINT and SIGTERM. The first one is for the program to end in order; the second one ends it at once.
///
/// @unchecked Sendable: after `init`, only the handlers run, and they run on one serial queue, a thread at a time.
final class Interruptions: @unchecked Sendable {
  private var sources: [any DispatchSourceSignal] = []
  private var hasComeOnce = false

  /// Calls back with the first signal's number, on a queue. To be kept for as long as the signals are to be seen.
  init(_ first: @escaping @Sendable (Int32) -> Void) {
    let queue = DispatchQueue(label: "interruptions")
    for number in [SIGINT, SIGTERM] {
      // The default would end the program before the source is told.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [weak self] in
        guard let self else { return }
        if hasComeOnce { _exit(Self.status(after: number)) }
        hasComeOnce = true
        first(number)
      }
      sources.append(source)
      source.resume()
    }
  }

  /// The status after a signal, as shells say it.
  static func status(after number: Int32) -> Int32 { 128 + number }
}
