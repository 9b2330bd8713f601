public import CEventSource
package import EventSourceC
import EventSourceCHistory
import EventSourceRedis
import EventSourceServer

// Implements `eventsource-redis.h`, which documents the function.

/// See the header.
@c @implementation
public func es_history_redis(
  _ urls: UnsafePointer<CChar>!, _ options: UnsafePointer<es_redis_options>!,
  _ history: UnsafeMutablePointer<OpaquePointer?>!
) -> es_status {
  reporting {
    let urls = try Text.required(urls, "urls")
    let history = try required(history, "history")
    let options = try options.map { try es_redis_options(reading: $0) } ?? es_redis_options()
    let configuration = try RedisEventRepository.Configuration(options)
    let servers = try urls.split(separator: " ").map { try RedisServer(url: String($0)) }
    guard !servers.isEmpty else { throw Failure(.invalidValue, "urls has no address") }
    let given = try options.logger.map { try es_logger(reading: $0) }
    if let given { _ = try required(given.log, "the logger's log") }
    let logger = LaterLogger()
    let repository = try waiting(in: "es_history_redis") {
      try await RedisEventRepository(servers, configuration: configuration, logger: logger)
    }
    // Only now, because an object that is created and then discarded would release the program's context.
    if let given { logger.begin(try ProgramLogger(given)) }
    history.pointee = Handle.make(ProgramHistory(repository) { repository.close() })
  }
}

extension RedisHistoryError: FailureConvertible {
  package var failure: Failure {
    let kind: Failure.Kind =
      switch self {
      case .invalidAddress, .invalidConfiguration, .noTLS: .invalidValue
      case .overloaded, .tooLarge: .limitExceeded
      // The events are recorded and published.
      case .tooFewReplicas: .outcomeUnknown
      case .outOfResources: .outOfResources
      default: .historyFailed
      }
    return Failure(kind, "\(self)")
  }
}
