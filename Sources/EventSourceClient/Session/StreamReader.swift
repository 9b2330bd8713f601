import Synchronization

internal import EventSourceFormat
internal import Foundation

/// One attempt after the other: request, redirects, judgement, and then the stream, parsed. Owned by the session's
/// task.
struct StreamReader: Sendable {
  private let session: EventSourceSession
  private var parser: EventStreamParser
  /// What has been parsed and not been handed over: the next attempt asks for what comes after it, so it has to be.
  private var unsent: [EventSource.Element] = []
  private var configuration: EventSource.Configuration { session.configuration }

  init(_ session: EventSourceSession, lastEventID: String) {
    self.session = session
    parser = EventStreamParser(lastEventID: lastEventID, limits: session.configuration.limits, reportsComments: true)
  }

  mutating func begin(with lastEventID: String) {
    parser = EventStreamParser(lastEventID: lastEventID, limits: configuration.limits, reportsComments: true)
  }

  /// What the next attempt sends.
  var lastEventID: String { parser.lastEventID }

  /// Makes one attempt and reads its stream to the end, whichever that is.
  mutating func attempt(_ attempt: EventSource.Configuration.Attempt) async -> EventSourceSession.Outcome {
    // Everything of the last response is forgotten, but for the last event ID (WHATWG HTML 9.2.3).
    parser.reset()
    let watchdog = Watchdog(session)
    defer { watchdog.stop() }
    do {
      watchdog.watch(configuration.connectTimeout, .connectTimeout)
      let response = try await connect(attempt)
      watchdog.stop()
      defer { response.body.cancel() }
      switch configuration.responsePolicy.judge(response.head) {
      case .finish: return .finished
      case .stop(let error): return .failed(error, isFutile: true, atLeast: nil)
      case .retry(let error, let after): return .failed(error, isFutile: false, atLeast: after)
      case .accept: break
      }
      guard case .open? = session.take(.accepted) else { throw CancellationError() }
      session.log(.info, "a stream is open") { [("url", Self.withoutQuery(response.head.url))] }
      guard await session.handoff.send([.opened(response.head)]) else { throw CancellationError() }
      try await read(response, watchdog)
      return .failed(
        SubscriptionError(.ended, "the response came to its end", head: response.head), isFutile: false, atLeast: nil)
    } catch {
      // The watchdog cancels what it watches, and whatever that makes of it is no news.
      if let late = watchdog.verdict { return .failed(late, isFutile: false, atLeast: nil) }
      if Task.isCancelled { return .cutShort }
      let known = error as? SubscriptionError
      let failure =
        known
        ?? SubscriptionError(
          .transport, "the server cannot be reached, or the connection broke", underlying: error)
      return .failed(failure, isFutile: [.request, .tooLarge].contains(failure.code), atLeast: nil)
    }
  }

  /// Sends the request, and follows redirects, from the original URL each time.
  private func connect(_ attempt: EventSource.Configuration.Attempt) async throws -> TransportResponse {
    var request = session.request
    if let provider = configuration.requestProvider {
      do {
        request = try await provider(attempt, request)
      } catch let error where !Task.isCancelled {
        throw SubscriptionError(.transport, "the request provider failed", underlying: error)
      }
    }
    guard Redirection.isHTTP(request.url) else {
      throw SubscriptionError(.request, "\"\(Self.withoutQuery(request.url))\" is no http or https URL")
    }
    request = Self.complete(request, lastEventID: attempt.lastEventID)
    if let what = request.firstFlaw { throw SubscriptionError(.request, "the request cannot be sent: \(what)") }
    for _ in 0...Redirection.most {
      let response = try await session.transport.send(request)
      do {
        guard let next = try Redirection.next(after: request, response.head) else { return response }
        request = next
      } catch {
        response.body.cancel()
        throw error
      }
      response.body.cancel()
    }
    throw SubscriptionError(.redirect, "more than \(Redirection.most) redirects, one after the other")
  }

  /// The fields that every attempt has (WHATWG HTML 9.2.2 and 9.2.3; Fetch, cache mode "no-store").
  private static func complete(_ request: EventSourceRequest, lastEventID: String) -> EventSourceRequest {
    var request = request
    for (name, value) in [("Accept", "text/event-stream"), ("Cache-Control", "no-cache"), ("Pragma", "no-cache")]
    where request.headers.values(of: name).isEmpty {
      request.headers.set(name, value)
    }
    request.headers.removeAll(of: "Last-Event-ID")
    if !lastEventID.isEmpty { request.headers.set("Last-Event-ID", lastEventID) }
    return request
  }

  private mutating func read(_ response: TransportResponse, _ watchdog: Watchdog) async throws {
    let head = response.head
    let stream = OpenedStream(head)
    // A reader that takes its time is not the server's silence: only the wait for bytes is watched.
    while true {
      watchdog.watch(configuration.readTimeout, .readTimeout, head)
      let chunk: [UInt8]?
      do {
        chunk = try await response.body.next()
      } catch {
        throw SubscriptionError(.transport, "the connection broke", head: head, underlying: error)
      }
      watchdog.pause()
      guard let chunk else { return parser.finish() }
      do {
        try parser.parse(chunk) { element in
          switch element {
          case .reconnectionTime(let time):
            _ = session.take(.reconnectionTime(time))
          case .comment(let text):
            unsent.append(.comment(text))
          case .event(let event):
            if event.type == EventSource.Gap.eventType, let gap = EventSource.Gap(event.data) {
              unsent.append(.gap(gap))
            } else {
              unsent.append(.event(EventSource.Message(event, in: stream)))
            }
          }
        }
      } catch {
        throw SubscriptionError(.tooLarge, "the stream holds more than is taken at once", head: head, underlying: error)
      }
      guard await sendUnsent() else { throw CancellationError() }
    }
  }

  /// Hands over what has been parsed. False: that was cut short, and it is kept.
  mutating func sendUnsent() async -> Bool {
    if unsent.isEmpty { return true }
    let count = unsent.count
    guard await session.handoff.send(unsent) else { return false }
    unsent = []
    // What comes next is mostly as much.
    unsent.reserveCapacity(min(count, 1024))
    return true
  }

  /// For logs: what comes after may be secret.
  private static func withoutQuery(_ url: URL) -> String {
    url.absoluteString.split(separator: "?", omittingEmptySubsequences: false).first.map(String.init) ?? ""
  }
}
