import EventSourceClient
import Glibc

/// The status line at the bottom of the terminal: the state of a source and its counts. Use it on one thread at a time.
struct StatusLine {
  private let isOn: Bool
  /// Whether standard output is a terminal too, possibly the same one.
  private let sharesTerminal = StandardOutput.isTerminal
  private var state = "connecting"
  private var events = 0
  private var reconnects = 0
  private var drawn = ContinuousClock.now - .seconds(1)

  init(isWanted: Bool) {
    isOn = isWanted && isatty(STDERR_FILENO) == 1
    draw()
  }

  /// Removes the line before an element's output is printed.
  func makeWay(for element: EventSource.Element) {
    if case .event = element, !sharesTerminal { return }
    clear()
  }

  /// Removes the line.
  func clear() { if isOn { put("\r\u{1B}[K") } }

  mutating func take(_ element: EventSource.Element) {
    guard isOn else { return }
    var isNews = sharesTerminal
    switch element {
    case .opened: state = "connected"
    case .event: events += 1
    case .reconnecting(let wait):
      state = "waiting \(wait.delay.shortText)"
      reconnects += 1
    case .comment, .gap, .closed: break
    }
    if case .event = element {} else { isNews = true }
    // If events are not printed here, they are only counted, and the line is updated at most ten times a second.
    guard isNews || ContinuousClock.now - drawn > .milliseconds(100) else { return }
    drawn = .now
    draw()
  }

  private func draw() {
    guard isOn else { return }
    func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
    put("\r\u{1B}[K\(state) | \(count(events, "event")) | \(count(reconnects, "reconnect"))")
  }

  private func put(_ text: String) { _ = text.withCString { write(STDERR_FILENO, $0, text.utf8.count) } }
}

extension Duration {
  /// The seconds with one decimal place.
  var shortText: String { "\(wholeMilliseconds / 1000).\(wholeMilliseconds % 1000 / 100) s" }
}
