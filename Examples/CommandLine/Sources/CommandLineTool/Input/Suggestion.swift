import ArgumentParser

/// Suggests a command for a mistyped one.
enum Suggestion {
  private static let commands = ["listen", "serve", "publish", "decode", "help"]

  /// Checks the program's first argument.
  ///
  /// - Throws: ``Failure`` if it is neither a command nor an option.
  static func check(_ argument: String?) throws {
    guard let argument, !argument.hasPrefix("-"), !commands.contains(argument) else { return }
    let hint =
      if argument.hasPrefix("http://") || argument.hasPrefix("https://") {
        "did you mean \"eventsource listen \(argument)\"?"
      } else if let near = commands.min(by: { distance($0, argument) < distance($1, argument) }),
        distance(near, argument) <= 2
      {
        "did you mean \"\(near)\"?"
      } else {
        "the commands are \(commands.joined(separator: ", "))"
      }
    throw Failure(.usage, "there is no command \"\(argument)\"; \(hint)")
  }

  /// Returns the number of insertions, deletions and replacements between two texts (Levenshtein).
  private static func distance(_ one: String, _ other: String) -> Int {
    var row = Array(0...other.count)
    for (index, character) in one.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for (column, candidate) in other.enumerated() {
        let replaced = diagonal + (character == candidate ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(replaced, row[column + 1] + 1, row[column] + 1)
      }
    }
    return row[other.count]
  }
}
