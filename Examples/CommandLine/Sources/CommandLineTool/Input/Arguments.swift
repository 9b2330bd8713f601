import ArgumentParser
import EventSourceClient
import Foundation

/// An `http` or `https` URL.
struct WebAddress: Sendable {
  var url: URL

  /// Parses an argument.
  ///
  /// - Throws: `ValidationError`, which suggests a URL if only the scheme is missing.
  init(argument: String) throws {
    if let url = URL(string: argument), Self.isHTTP(url) {
      self.url = url
      return
    }
    if !argument.contains("://"), let url = URL(string: "http://\(argument)"), Self.isHTTP(url) {
      throw ValidationError("\"\(argument)\" has no scheme; did you mean \"http://\(argument)\"?")
    }
    throw ValidationError("\"\(argument)\" is not an http or https URL.")
  }

  private static func isHTTP(_ url: URL) -> Bool {
    ["http", "https"].contains(url.scheme?.lowercased()) && url.host?.isEmpty == false
  }

  static let help = ArgumentHelp("An http or https URL.", valueName: "url")
}

extension HeaderField {
  /// Parses a header field from `Name: value` (RFC 9110, 5).
  static func argument(_ text: String) throws -> HeaderField {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, isToken(parts[0]) else {
      throw ValidationError("the field does not have the form \"Name: value\".")
    }
    let value = parts[1].trimmingCharacters(in: CharacterSet(charactersIn: " \t"))
    guard !value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
      throw ValidationError("the field's value has a control character.")
    }
    return HeaderField(String(parts[0]), value)
  }

  /// Returns whether the text can be the name of a field (RFC 9110, 5.6.2).
  private static func isToken(_ name: Substring) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) || (0x30...0x39).contains($0)
          || "!#$%&'*+-.^_`|~".utf8.contains($0)
      }
  }
}

/// A time in seconds, such as `1.5`.
struct Seconds: ExpressibleByArgument {
  var duration: Duration

  init?(argument: String) {
    guard let value = Double(argument), (0...86_400 * 365).contains(value) else { return nil }
    duration = .milliseconds(Int64((value * 1000).rounded()))
  }

  /// The time as a limit. `nil` means no limit.
  var limit: Duration? { duration > .zero ? duration : nil }
}
