import Synchronization

internal import Foundation

#if canImport(FoundationNetworking)
  public import FoundationNetworking
#endif

/// A transport on Foundation's HTTP client. It needs no package dependency.
///
/// All requests share one `URLSession`, which is invalidated with the transport. The article <doc:Transports> lists its
/// limitations on Linux.
public final class URLSessionTransport: EventSourceTransport {
  private let session: URLSession
  private let tasks: URLSessionTasks
  /// Whether there is a delegate that can answer challenges.
  let answersChallenges: Bool

  /// Creates a transport.
  ///
  /// - Parameters:
  ///   - configuration: The settings for proxies, TLS and the like. Its caches, cookies and timeouts are not used: a
  ///     stream may be idle for as long as ``EventSource/Configuration/readTimeout`` allows.
  ///   - delegate: Answers authentication challenges (client certificates, pinned keys, passwords). It also receives
  ///     the end of each task and its metrics, but neither redirects nor bytes. The transport retains it and calls it
  ///     on the session's queue.
  public init(configuration: URLSessionConfiguration = .ephemeral, delegate: (any URLSessionTaskDelegate)? = nil) {
    let configuration = configuration.copy() as? URLSessionConfiguration ?? configuration
    configuration.urlCache = nil
    configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
    configuration.httpCookieStorage = nil
    configuration.httpShouldSetCookies = false
    // Foundation has no value for an unlimited timeout.
    configuration.timeoutIntervalForRequest = 60 * 60 * 24 * 365
    configuration.timeoutIntervalForResource = 60 * 60 * 24 * 365
    configuration.httpMaximumConnectionsPerHost = 10_000
    answersChallenges = delegate != nil
    tasks = URLSessionTasks(delegate)
    session = URLSession(configuration: configuration, delegate: tasks, delegateQueue: nil)
  }

  deinit { session.invalidateAndCancel() }

  /// Sends a request with its own session task.
  ///
  /// - Throws: Any error of `URLSession`. A ``SubscriptionError`` for a URL that it does not accept and, on Linux, for
  ///   a configuration with a proxy, which Foundation would silently ignore there.
  public func send(_ request: SubscriptionRequest) async throws -> TransportResponse {
    #if canImport(FoundationNetworking)
      guard session.configuration.connectionProxyDictionary?.isEmpty ?? true else {
        throw SubscriptionError(
          .request,
          "Foundation on Linux ignores connectionProxyDictionary; use CurlTransport, or set http_proxy")
      }
    #endif
    var urlRequest = URLRequest(url: request.url)
    urlRequest.httpMethod = request.method
    urlRequest.httpBody = request.body.map { Data($0) }
    for field in request.headers { urlRequest.addValue(field.value, forHTTPHeaderField: field.name) }
    let exchange = URLSessionExchange(session.dataTask(with: urlRequest), keeping: self)
    tasks.add(exchange)
    do {
      let head = try await withTaskCancellationHandler {
        try await exchange.head()
      } onCancel: {
        exchange.cancel()
      }
      return TransportResponse(head: head, body: exchange)
    } catch let error where (error as? URLError)?.code == .badURL {
      throw SubscriptionError(.request, "URLSession does not accept the URL", underlying: error)
    }
  }
}
