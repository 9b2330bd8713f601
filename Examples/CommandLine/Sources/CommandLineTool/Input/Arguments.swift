import ArgumentParser
import EventSourceClient
import Foundation

/// An `http` or `https` URL.
struct WebAddress: ExpressibleByArgument {
  var url: URL

  init?(argument: String) {
    guard let url = URL(string: argument), let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme),
      url.host?.isEmpty == false
    else { return nil }
    self.url = url
  }

  static let help = ArgumentHelp("An http or https URL.", valueName: "url")
}

extension HeaderField {
  /// A field of a request as `Name: value` (RFC 9110, 5).
  static func argument(_ text: String) throws -> HeaderField {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, isToken(parts[0]) else {
      throw ValidationError("it is not of the form \"Name: value\".")
    }
    let value = parts[1].trimmingCharacters(in: CharacterSet(charactersIn: " \t"))
    guard !value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
      throw ValidationError("its value has a control character.")
    }
    return HeaderField(String(parts[0]), value)
  }

  /// Whether it can be the name of a field (RFC 9110, 5.6.2).
  private static func isToken(_ name: Substring) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) || (0x30...0x39).contains($0)
          || "!#$%&'*+-.^_`|~".utf8.contains($0)
      }
  }
}

/// A time in seconds, as `1.5`.
struct Seconds: ExpressibleByArgument {
  var duration: Duration

  init?(argument: String) {
    guard let value = Double(argument), (0...86_400 * 365).contains(value) else { return nil }
    duration = .milliseconds(Int64((value * 1000).rounded()))
  }
}
