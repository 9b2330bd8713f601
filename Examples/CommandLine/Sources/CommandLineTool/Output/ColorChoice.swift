import ArgumentParser
import Glibc

/// Whether what is printed for a person is colored.
enum ColorChoice: String, CaseIterable, ExpressibleByArgument {
  case auto, always, never

  var isOn: Bool {
    switch self {
    case .auto: StandardOutput.isTerminal && !Self.isUnwanted
    case .always: true
    case .never: false
    }
  }

  /// The custom that a variable NO_COLOR which is not empty means no colors.
  private static var isUnwanted: Bool { getenv("NO_COLOR").map { $0.pointee != 0 } ?? false }
}
