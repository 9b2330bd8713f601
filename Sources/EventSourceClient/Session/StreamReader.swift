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
  private var cookies = CookieJar()
  private var configuration: EventSource.Configuration { session.configuration }

  init(_ session: EventSourceSession, lastEventID: String) {
    self.session = session
    parser = Self.makeParser(session, lastEventID)
  }

  mutating func begin(with lastEventID: String) { parser = Self.makeParser(session, lastEventID) }

  private static func makeParser(_ session: EventSourceSession, _ lastEventID: String) -> EventStreamParser {
    EventStreamParser(lastEventID: lastEventID, limits: session.configuration.limits, reportsComments: true)
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
      watchdog.watch(timeLimit, .connectTimeout)
      let response = try await connect(attempt)
      watchdog.stop()
      defer { response.body.cancel() }
      switch configuration.responsePolicy.judge(response.head) {
      case .finish: return .finished
      case .stop(let error): return .failed(await complete(error, response), isFutile: true, atLeast: nil)
      case .retry(let error, let after):
        return .failed(await complete(error, response), isFutile: false, atLeast: after)
      case .accept: break
      }
      guard case .open? = session.take(.accepted) else { throw CancellationError() }
      session.log(.info, "a stream is open") { [("url", response.head.url.redacted)] }
      guard await session.handoff.send([.opened(response.head)]) else { throw CancellationError() }
      try await read(response, watchdog)
      return .failed(
        SubscriptionError(.ended, "the response came to its end", head: response.head), isFutile: false, atLeast: nil)
    } catch {
      // The watchdog cancels what it watches, and whatever that makes of it is no news.
      if let late = watchdog.verdict { return .failed(late, isFutile: false, atLeast: nil) }
      if error is ReachedEnd { return .completed }
      if Task.isCancelled { return .cutShort }
      if let passing = error as? PassingError { return .failed(passing.error, isFutile: false, atLeast: nil) }
      let failure =
        error as? SubscriptionError
        ?? SubscriptionError(.transport, "the server cannot be reached, or the connection broke", underlying: error)
      return .failed(failure, isFutile: [.request, .tooLarge].contains(failure.code), atLeast: nil)
    }
  }

  /// The event that is the end has come.
  private struct ReachedEnd: Error {}

  /// An error after which the next attempt may succeed, although its code says otherwise.
  private struct PassingError: Error {
    let error: SubscriptionError
  }

  /// How long the head may take: what is configured, and no longer than the first connection may.
  private var timeLimit: Duration? {
    [configuration.headTimeout, session.timeLeft.map { max($0, .zero) }].compactMap(\.self).min()
  }

  /// Adds what the response's body says.
  private func complete(_ error: SubscriptionError, _ response: TransportResponse) async -> SubscriptionError {
    var error = error
    error.body = await ErrorBody.read(
      response.body, atMost: configuration.maximumErrorBodyBytes, clock: configuration.clock)
    return error
  }

  /// Sends the request, and follows redirects, from the original URL each time.
  private mutating func connect(_ attempt: EventSource.Configuration.Attempt) async throws -> TransportResponse {
    var request = session.request
    if let provider = configuration.requestProvider {
      do {
        let original = request
        request = try await Abandonable().run { try await provider(attempt, original) }
      } catch let error where !Task.isCancelled {
        throw PassingError(error: SubscriptionError(.request, "the request provider failed", underlying: error))
      }
    }
    if let flaw = LastEventIDField.flaw(attempt.lastEventID) {
      begin(with: "")
      let message =
        "the last event ID cannot be sent: \(flaw). The next attempt sends none, so that events may be missed"
      throw PassingError(error: SubscriptionError(.request, message))
    }
    request = complete(request, lastEventID: attempt.lastEventID)
    for _ in 0...Redirection.most {
      if let (url, authorization) = request.url.extractingCredentials {
        request.url = url
        if request.headers.values(of: "Authorization").isEmpty { request.headers.set("Authorization", authorization) }
      }
      if let flaw = request.firstFlaw { throw SubscriptionError(.request, "the request cannot be sent: \(flaw)") }
      try Task.checkCancellation()
      let response = try await session.transport.send(withCookies(request))
      if configuration.keepsCookies { cookies.take(response.head) }
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

  private func withCookies(_ request: EventSourceRequest) -> EventSourceRequest {
    guard configuration.keepsCookies else { return request }
    var request = request
    cookies.add(to: &request)
    return request
  }

  /// The fields that every attempt has (WHATWG HTML 9.2.2 and 9.2.3; Fetch, cache mode "no-store").
  private func complete(_ request: EventSourceRequest, lastEventID: String) -> EventSourceRequest {
    var request = request
    request.connectTimeout = request.connectTimeout ?? configuration.connectTimeout
    let fields = [
      ("Accept", "text/event-stream"), ("Cache-Control", "no-cache"), ("Pragma", "no-cache"),
      ("User-Agent", EventSource.userAgent),
    ]
    for (name, value) in fields where request.headers.values(of: name).isEmpty {
      request.headers.set(name, value)
    }
    request.headers.removeAll(of: "Last-Event-ID")
    if !lastEventID.isEmpty { request.headers.set("Last-Event-ID", lastEventID) }
    return request
  }

  private mutating func read(_ response: TransportResponse, _ watchdog: Watchdog) async throws {
    let head = response.head
    let stream = OpenedStream(head)
    let endsAtEvent = configuration.endsAtEvent
    var hasDelivered = false
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
      guard let chunk else {
        if parser.isInsideEvent {
          throw SubscriptionError(.truncated, "the response ended in the middle of an event, which is lost", head: head)
        }
        return
      }
      do {
        try parser.parse(chunk) { element in
          switch element {
          case .reconnectionTime(let time):
            _ = session.take(.reconnectionTime(time))
          case .comment(let text):
            unsent.append(.comment(text))
          case .event(let event):
            if !hasDelivered {
              hasDelivered = true
              _ = session.take(.delivered)
            }
            if event.type == EventSource.Gap.eventType, let gap = EventSource.Gap(event.data) {
              unsent.append(.gap(gap))
            } else {
              let message = EventSource.Message(event, in: stream)
              if endsAtEvent?(message) ?? false { throw ReachedEnd() }
              unsent.append(.event(message))
            }
          }
        }
      } catch let error as EventStreamParserError {
        throw SubscriptionError(
          .tooLarge, "a line or an event exceeds the configured limits", head: head, underlying: error)
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
}
