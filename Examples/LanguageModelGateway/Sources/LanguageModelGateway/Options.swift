/// The command-line options.
struct Options {
  static let usage =
    "usage: LanguageModelGateway [--port PORT] [--history sqlite:PATH] [--tokens-per-second N] [--retention SECONDS]"

  struct Mistake: Error, CustomStringConvertible {
    let description: String
  }

  var port = 8080
  /// The path of the history's file. `nil` keeps runs in memory only.
  var history: String?
  var tokensPerSecond = 50.0
  var retention = 60.0

  init(_ arguments: [String]) throws {
    var rest = arguments[...]
    while let name = rest.popFirst() {
      guard let value = rest.popFirst() else { throw Mistake(description: "\(name) has no value") }
      switch name {
      case "--port": port = try Self.number(Int(value), in: 0...65_535, name, value)
      case "--tokens-per-second": tokensPerSecond = try Self.number(Double(value), in: 0.01...1_000_000, name, value)
      case "--retention": retention = try Self.number(Double(value), in: 0...86_400, name, value)
      case "--history":
        guard value.hasPrefix("sqlite:"), value.count > 7 else {
          throw Mistake(description: "--history is \(value); it is sqlite:PATH")
        }
        history = String(value.dropFirst(7))
      default: throw Mistake(description: "there is no option \(name)")
      }
    }
  }

  private static func number<Value: Comparable>(
    _ value: Value?, in range: ClosedRange<Value>, _ name: String, _ text: String
  ) throws -> Value {
    guard let value, range.contains(value) else {
      throw Mistake(description: "\(name) is \(text); it is \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }
}
