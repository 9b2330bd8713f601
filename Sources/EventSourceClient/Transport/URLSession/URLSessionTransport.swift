import Synchronization

internal import Foundation

#if canImport(FoundationNetworking)
  public import FoundationNetworking
#endif

/// Foundation's HTTP client as a transport: no package is needed.
///
/// One `URLSession` for all requests, which is let go of with the transport. What it cannot do on Linux is in the
/// article <doc:Transports>.
public final class URLSessionTransport: EventSourceTransport {
  private let session: URLSession
  private let tasks: URLSessionTasks
  /// Whether there is a delegate that may answer a challenge.
  let answersChallenges: Bool

  /// Makes a transport.
  ///
  /// - Parameters:
  ///   - configuration: For proxies, TLS and the like. Its caches, cookies and timeouts are not used: a stream may be
  ///     idle for as long as ``EventSource/Configuration/readTimeout`` allows.
  ///   - delegate: Answers authentication challenges (client certificates, pinned keys, passwords), and is told of the
  ///     end of each task and of its metrics. Redirects and bytes stay the transport's. It is kept as long as the
  ///     transport, and called on the session's queue.
  public init(configuration: URLSessionConfiguration = .ephemeral, delegate: (any URLSessionTaskDelegate)? = nil) {
    let configuration = configuration.copy() as? URLSessionConfiguration ?? configuration
    configuration.urlCache = nil
    configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
    configuration.httpCookieStorage = nil
    configuration.httpShouldSetCookies = false
    // Foundation has no way to say "never".
    configuration.timeoutIntervalForRequest = 60 * 60 * 24 * 365
    configuration.timeoutIntervalForResource = 60 * 60 * 24 * 365
    configuration.httpMaximumConnectionsPerHost = 10_000
    answersChallenges = delegate != nil
    tasks = URLSessionTasks(delegate)
    session = URLSession(configuration: configuration, delegate: tasks, delegateQueue: nil)
  }

  deinit { session.invalidateAndCancel() }

  /// Sends a request by a task of its own.
  ///
  /// - Throws: What `URLSession` throws; a ``SubscriptionError`` for a URL that it does not accept and, on Linux, if
  ///   the configuration names a proxy, which Foundation would go past in silence there.
  public func send(_ request: EventSourceRequest) async throws -> TransportResponse {
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
