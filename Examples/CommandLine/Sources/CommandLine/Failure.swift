import ArgumentParser
import EventSourceClient
import Foundation

/// What ends the program with a code of sysexits and a line of reason.
enum Failure {
  static let usage: Int32 = 64
  static let data: Int32 = 65
  static let unavailable: Int32 = 69
  static let inputOutput: Int32 = 74

  /// Says why, and gives what to throw.
  static func exit(_ code: Int32, _ reason: String) -> ExitCode {
    FileHandle.standardError.write(Data("eventsource: \(reason)\n".utf8))
    return ExitCode(code)
  }

  static func exit(_ error: SubscriptionError) -> ExitCode {
    let code =
      switch error.code {
      case .request: usage
      case .contentType, .tooLarge: data
      case .store: inputOutput
      default: unavailable
      }
    return exit(code, "\(error)")
  }

  /// A URL of a server.
  static func url(_ text: String) throws -> URL {
    guard let url = URL(string: text), ["http", "https"].contains(url.scheme?.lowercased() ?? ""), url.host != nil
    else {
      throw exit(usage, "\"\(text)\" is no http or https URL")
    }
    return url
  }
}
