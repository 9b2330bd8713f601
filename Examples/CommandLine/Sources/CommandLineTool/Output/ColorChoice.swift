import ArgumentParser
import Glibc

/// Whether to color output for people.
enum ColorChoice: String, CaseIterable, ExpressibleByArgument {
  case auto, always, never

  var isOn: Bool {
    switch self {
    case .auto: StandardOutput.isTerminal && !Self.isUnwanted
    case .always: true
    case .never: false
    }
  }

  /// Whether NO_COLOR is set and not empty, which by convention turns colors off.
  private static var isUnwanted: Bool { getenv("NO_COLOR").map { $0.pointee != 0 } ?? false }
}
