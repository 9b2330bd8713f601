import EventSourceAsyncHTTPClient
import Foundation
import Testing

@testable import EventSourceClient

/// The transports with which all suites are run.
enum TransportKind: String, CaseIterable, CustomTestStringConvertible {
  case urlSession
  case curl
  #if AsyncHTTPClient
    case asyncHTTPClient
  #endif

  #if EVENTSOURCE_THREAD_SANITIZER
    /// Foundation's networking is not instrumented for the thread sanitizer.
    static let allCases: [TransportKind] = [.curl]
  #endif

  var testDescription: String { rawValue }

  /// Whether a reader that does not read makes the server wait, and an incomplete head is an ordinary error. Foundation
  /// on Linux accepts everything immediately, and ends the program.
  var standsAgainstAll: Bool { self != .urlSession }

  func make() -> any EventSourceTransport {
    switch self {
    case .urlSession: URLSessionTransport()
    case .curl: CurlTransport()
    #if AsyncHTTPClient
      case .asyncHTTPClient: AsyncHTTPClientTransport()
    #endif
    }
  }
}

extension EventSource.Configuration {
  /// Short times, so that tests do not wait.
  static func quick(_ change: (inout Self) -> Void = { _ in }) -> Self {
    var configuration = Self()
    configuration.reconnectionTime = .milliseconds(5)
    configuration.maximumReconnectionTime = .milliseconds(20)
    change(&configuration)
    return configuration
  }
}

/// Fails after a time limit instead of waiting indefinitely. A body that ignores its cancellation is abandoned.
func within<R: Sendable>(
  _ limit: Duration = .seconds(120), _ body: @escaping @Sendable () async throws -> R
) async throws -> R {
  try await withThrowingTaskGroup(of: R.self) { group in
    group.addTask { try await Abandonable<R>().run(body) }
    group.addTask {
      try await Task.sleep(for: limit)
      throw TooLate()
    }
    defer { group.cancelAll() }
    return try await group.next()!
  }
}

/// Returns when a condition is true. Fails after the time limit instead of waiting indefinitely.
func eventually(_ condition: @escaping @Sendable () -> Bool) async throws {
  try await within {
    // Cancellation ends the sleep and with it the wait.
    while !condition() { try await Task.sleep(for: .milliseconds(1)) }
  }
}

/// Reads a source to its end.
///
/// - Returns: The data of its events, and the error that closed it.
func readToEnd(_ source: EventSource) async throws -> (data: [String], error: SubscriptionError?) {
  try await within {
    var data: [String] = []
    do {
      for try await message in source.events { data.append(message.data) }
      return (data, nil)
    } catch let error as SubscriptionError {
      return (data, error)
    }
  }
}

struct TooLate: Error {}
