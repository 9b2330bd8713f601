import Synchronization

internal import Foundation

#if canImport(FoundationNetworking)
  internal import FoundationNetworking
#endif

/// Finds the exchange of a task for the session's delegate calls. Forwards the other calls to the application's
/// delegate.
final class URLSessionTasks: NSObject, URLSessionDataDelegate {
  private let exchanges = Mutex<[Int: URLSessionExchange]>([:])
  private let delegate: (any URLSessionTaskDelegate)?

  init(_ delegate: (any URLSessionTaskDelegate)?) { self.delegate = delegate }

  func add(_ exchange: URLSessionExchange) {
    exchanges.withLock { $0[exchange.task.taskIdentifier] = exchange }
  }

  private func exchange(_ task: URLSessionTask) -> URLSessionExchange? {
    exchanges.withLock { $0[task.taskIdentifier] }
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    exchange(dataTask)?.received(response)
    completionHandler(.allow)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    exchange(dataTask)?.received(data)
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
    newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    // Redirects are not followed: the redirect is delivered as the response, and the source decides.
    exchange(task)?.received(redirect: response)
    completionHandler(nil)
  }

  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    let exchange = exchanges.withLock { $0.removeValue(forKey: task.taskIdentifier) }
    exchange?.completed(error, task.response)
    #if canImport(FoundationNetworking)
      delegate?.urlSession(session, task: task, didCompleteWithError: error)
    #else
      delegate?.urlSession?(session, task: task, didCompleteWithError: error)
    #endif
  }

  // A session without a method for session-wide challenges calls this one for all challenges.
  func urlSession(
    _ session: URLSession, task: URLSessionTask, didReceive challenge: URLAuthenticationChallenge,
    completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
  ) {
    guard let delegate else { return completionHandler(.performDefaultHandling, nil) }
    #if canImport(FoundationNetworking)
      delegate.urlSession(session, task: task, didReceive: challenge, completionHandler: completionHandler)
    #else
      let isAnswered: Void? =
        delegate.urlSession?(session, task: task, didReceive: challenge, completionHandler: completionHandler)
        ?? delegate.urlSession?(session, didReceive: challenge, completionHandler: completionHandler)
      if isAnswered == nil { completionHandler(.performDefaultHandling, nil) }
    #endif
  }

  #if !canImport(FoundationNetworking)
    func urlSession(_ session: URLSession, task: URLSessionTask, didFinishCollecting metrics: URLSessionTaskMetrics) {
      delegate?.urlSession?(session, task: task, didFinishCollecting: metrics)
    }

    func urlSession(_ session: URLSession, taskIsWaitingForConnectivity task: URLSessionTask) {
      delegate?.urlSession?(session, taskIsWaitingForConnectivity: task)
    }
  #endif
}
