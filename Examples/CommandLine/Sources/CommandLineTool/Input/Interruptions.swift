import Dispatch
import Glibc

/// SIGINT and SIGTERM. The first one lets the program end cleanly. The second one ends it immediately.
///
/// @unchecked Sendable: after `init`, only the handlers run, and they run on one serial queue, a thread at a time.
final class Interruptions: @unchecked Sendable {
  private var sources: [any DispatchSourceSignal] = []
  private var hasComeOnce = false

  /// Calls a closure with the number of the first signal, on a queue. Keep the object for as long as signals matter.
  init(_ first: @escaping @Sendable (Int32) -> Void) {
    let queue = DispatchQueue(label: "interruptions")
    for number in [SIGINT, SIGTERM] {
      // The default action would end the program before the source is notified.
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

  /// Returns the exit status after a signal, as shells report it.
  static func status(after number: Int32) -> Int32 { 128 + number }
}
