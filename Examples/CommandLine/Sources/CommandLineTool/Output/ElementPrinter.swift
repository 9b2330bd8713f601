import EventSourceClient

/// Prints the elements of a source as soon as they arrive. Use it on one thread at a time.
struct ElementPrinter {
  private let json: Bool
  private let comments: Bool
  private let colors: Bool
  private let isTerminal = StandardOutput.isTerminal
  private var output = StandardOutput()

  init(json: Bool, comments: Bool, colors: Bool) {
    self.json = json
    self.comments = comments
    self.colors = colors
  }

  mutating func print(_ element: EventSource.Element) throws {
    switch element {
    case .event(let message) where json:
      try output.add { $0.appendEvent(type: message.type, data: message.data, lastEventID: message.lastEventID) }
    case .event(let message):
      let type = message.type == "message" ? "" : Emphasis.type.apply(to: text(message.type), colors) + ": "
      try output.add(type + text(message.data))
    case .comment(let comment) where comments:
      if json {
        try output.add { $0.appendComment(comment) }
      } else {
        try output.add(Emphasis.faint.apply(to: ":" + text(comment), colors))
      }
    case .gap(let gap) where json: try output.add { $0.appendGap(gap) }
    case .opened, .comment, .gap, .reconnecting, .closed: return
    }
    try output.flush()
  }

  /// Returns the text unchanged for a program, and without control characters for a terminal.
  private func text(_ text: String) -> String { isTerminal ? text.visible(keepingLineBreaks: true) : text }
}
