import EventSourceClient
import Glibc

/// What a person sees of a source at the bottom of the terminal: its state, and how much has happened. One thread at a
/// time.
struct StatusLine {
  private let isOn: Bool
  /// Whether what is printed goes to a terminal too, which may be the same.
  private let sharesTerminal = StandardOutput.isTerminal
  private var state = "connecting"
  private var events = 0
  private var reconnects = 0
  private var drawn = ContinuousClock.now - .seconds(1)

  init(isWanted: Bool) {
    isOn = isWanted && isatty(STDERR_FILENO) == 1
    draw()
  }

  /// Takes it away, before what an element leads to is printed.
  func makeWay(for element: EventSource.Element) {
    if case .event = element, !sharesTerminal { return }
    clear()
  }

  /// Takes it away.
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
    // A flood that goes somewhere else is counted, and seen ten times a second.
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
  /// Seconds with one digit behind the point.
  var shortText: String { "\(wholeMilliseconds / 1000).\(wholeMilliseconds % 1000 / 100) s" }
}
