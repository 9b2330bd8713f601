import EventSourceClient
import Foundation
import Synchronization
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Tests of an application's delegate together with the transport's own.
@Suite struct URLSessionDelegateTests {
  private final class Delegate: NSObject, URLSessionTaskDelegate {
    struct State {
      var challenges: [String] = []
      var ends = 0
    }
    let state = Mutex(State())

    func urlSession(
      _ session: URLSession, task: URLSessionTask, didReceive challenge: URLAuthenticationChallenge,
      completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
      state.withLock { $0.challenges.append(challenge.protectionSpace.authenticationMethod) }
      guard challenge.previousFailureCount == 0 else { return completionHandler(.performDefaultHandling, nil) }
      completionHandler(.useCredential, URLCredential(user: "anna", password: "s3cret", persistence: .none))
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
      state.withLock { $0.ends += 1 }
    }
  }

  @Test func itAnswersChallengesAndIsToldOfTheEnd() async throws {
    let server = try ScriptedServer(
      { connection in
        try connection.request()
        try connection.status("401 No", "WWW-Authenticate: Basic realm=\"x\"\r\n")
      },
      { connection in
        try connection.request()
        try connection.head()
        try connection.write("data: x\n\n")
        try connection.untilClosed()
      })
    let delegate = Delegate()
    let transport = URLSessionTransport(delegate: delegate)
    let source = EventSource(server.url, configuration: .quick(), transport: transport)
    #expect(try await within { try await source.events.first { _ in true }?.data } == "x")
    #expect(delegate.state.withLock { $0.challenges } == [NSURLAuthenticationMethodHTTPBasic])
    let expected = "Basic " + Data("anna:s3cret".utf8).base64EncodedString()
    #expect(server.requests.map { $0.values(of: "Authorization") } == [[], [expected]])
    try await eventually { delegate.state.withLock { $0.ends } >= 1 }
    server.stop()
  }
}
