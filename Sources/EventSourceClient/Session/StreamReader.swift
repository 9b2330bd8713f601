import Synchronization

internal import EventSourceFormat
internal import Foundation

/// Makes attempts one after the other: sends the request, follows redirects, evaluates the response and parses the
/// stream.
///
/// The functions that wait for bytes have small frames, so that an open source uses little memory. Functions with large
/// frames are therefore not inlined into them.
// Sendable without a lock, because tasks use it strictly one after the other: the session's task waits while the task
// of its step uses it.
final class StreamReader: @unchecked Sendable {
  private let session: EventSourceSession
  private var parser: EventStreamParser
  /// Parsed elements that have not been handed over. The next attempt requests what follows them, so they must not be
  /// lost.
  private var unsent: ElementBatch?
  /// The number of elements in the last chunk. The next one usually has about as many.
  private var lastCount = 0
  private var cookies = CookieJar()
  /// The error that ended the last attempt. `nil` before the first one and after a restart.
  var lastError: SubscriptionError?
  /// Whether the current stream has delivered an event.
  private var hasDelivered = false
  /// The place where the rest of a single response is available.
  private var resumption = Resumption()
  private var configuration: EventSource.Configuration { session.configuration }

  init(_ session: EventSourceSession, lastEventID: String) {
    self.session = session
    parser = Self.makeParser(session, lastEventID)
  }

  func begin(with lastEventID: String) { parser = Self.makeParser(session, lastEventID) }

  private static func makeParser(_ session: EventSourceSession, _ lastEventID: String) -> EventStreamParser {
    EventStreamParser(lastEventID: lastEventID, limits: session.configuration.limits, reportsComments: true)
  }

  /// The ID that the next attempt sends.
  var lastEventID: String { parser.lastEventID }

  /// The result of an attempt to open a stream.
  enum Opening {
    case opened(TransportResponse)
    case ended(EventSourceSession.Outcome)
  }

  /// Makes one attempt to open a stream.
  func open(_ number: Int) async -> Opening {
    // Discards everything of the last response except the last event ID (WHATWG HTML 9.2.3).
    parser.reset()
    let watchdog = Watchdog(session)
    defer { watchdog.stop() }
    do {
      watchdog.watch(timeLimit, .connectTimeout)
      let response = try await connect(number)
      watchdog.stop()
      var isOpen = false
      defer { if !isOpen { response.body.cancel() } }
      if let rejection = await judge(response) { return .ended(rejection) }
      try await open(response.head)
      isOpen = true
      return .opened(response)
    } catch {
      return .ended(outcome(of: error, watchdog.verdict))
    }
  }

  /// Reads an open stream until it ends, for whatever reason.
  func read(_ response: TransportResponse) async -> EventSourceSession.Outcome {
    let watchdog = Watchdog(session)
    defer {
      watchdog.stop()
      response.body.cancel()
    }
    do {
      try Task.checkCancellation()
      try await read(response, watchdog)
      return ended(response.head)
    } catch {
      return outcome(of: error, watchdog.verdict)
    }
  }

  /// Returns the outcome of the attempt if the response is not a stream, or `nil` if it is.
  @inline(never)
  private func judge(_ response: TransportResponse) async -> EventSourceSession.Outcome? {
    switch configuration.responsePolicy.evaluate(response.head) {
    case .accept: nil
    case .finish: .finished
    case .stop(let error): .failed(await complete(error, response), isFutile: true, atLeast: nil)
    case .retry(let error, let after): .failed(await complete(error, response), isFutile: false, atLeast: after)
    }
  }

  @inline(never)
  private func open(_ head: ResponseHead) async throws {
    guard case .open? = session.take(.accepted) else { throw CancellationError() }
    if configuration.mode == .singleResponse, configuration.resumesResponses { resumption.opened(head) }
    session.log(.info, "a stream is open") { [("url", head.url.redacted)] }
    guard await session.handoff.send(ElementBatch([.opened(head)])) else { throw CancellationError() }
  }

  @inline(never)
  private func ended(_ head: ResponseHead) -> EventSourceSession.Outcome {
    let error = SubscriptionError(.streamEnded, "the response came to its end", head: head)
    return resumption.isSentAway ? .interrupted(error) : .failed(error, isFutile: false, atLeast: nil)
  }

  @inline(never)
  func outcome(of error: any Error, _ verdict: @autoclosure () -> SubscriptionError?) -> EventSourceSession.Outcome {
    // Read before the verdict: a watchdog sets its verdict before it cancels, so its cancellation is not mistaken for a
    // restart. A watchdog that fires after this line has no effect.
    let isCanceled = Task.isCancelled
    // The end takes precedence: the parser has already passed it, so another attempt would request what follows.
    if error is ReachedEnd { return .completed }
    // The watchdog cancelled the attempt. The resulting error carries no further information.
    if let late = verdict() { return failed(late) }
    if isCanceled { return .cutShort }
    if let passing = error as? PassingError { return .failed(passing.error, isFutile: false, atLeast: nil) }
    let failure =
      error as? SubscriptionError
      ?? SubscriptionError(.transport, "the server cannot be reached, or the connection broke", underlying: error)
    return failed(failure)
  }

  private func failed(_ error: SubscriptionError) -> EventSourceSession.Outcome {
    let isFutile = [.request, .tooLarge].contains(error.code)
    if resumption.isPossible, !isFutile { return .interrupted(error) }
    return .failed(error, isFutile: isFutile, atLeast: nil)
  }

  /// Thrown when the event that marks the end has arrived.
  struct ReachedEnd: Error {}

  /// An error after which the next attempt may succeed, although its code says otherwise.
  private struct PassingError: Error {
    let error: SubscriptionError
  }

  /// The maximum time to receive the head: the configured time or, if it is shorter, the time left for the first
  /// connection.
  private var timeLimit: Duration? {
    [configuration.headTimeout, session.timeLeft.map { max($0, .zero) }].compactMap(\.self).min()
  }

  /// Adds the response's body to an error.
  @inline(never)
  private func complete(_ error: SubscriptionError, _ response: TransportResponse) async -> SubscriptionError {
    var error = error
    error.body = await ErrorBody.read(
      response.body, atMost: configuration.maximumErrorBodyBytes, clock: configuration.clock)
    return error
  }

  /// Sends the request and follows redirects. Each attempt begins at the original URL.
  @inline(never)
  private func connect(_ number: Int) async throws -> TransportResponse {
    var request = try await makeRequest(number)
    for _ in 0...Redirection.most {
      try check(&request)
      let response = try await session.transport.send(withCookies(request))
      guard let next = try redirect(request, response) else { return response }
      request = next
    }
    throw SubscriptionError(.redirect, "more than \(Redirection.most) redirects, one after the other")
  }

  /// Returns the request of an attempt, from its provider if there is one.
  @inline(never)
  private func makeRequest(_ number: Int) async throws -> SubscriptionRequest {
    let request = try await provideRequest(number)
    if let flaw = LastEventIDField.flaw(lastEventID) {
      begin(with: "")
      let message =
        "the last event ID cannot be sent: \(flaw). The next attempt sends none, so that events may be missed"
      throw PassingError(error: SubscriptionError(.request, message))
    }
    return complete(resumption.request(request), lastEventID: lastEventID)
  }

  @inline(never)
  private func provideRequest(_ number: Int) async throws -> SubscriptionRequest {
    let request = session.request
    guard let provider = session.configuration.requestProvider else { return request }
    let attempt = EventSource.Configuration.Attempt(number: number, lastError: lastError, lastEventID: lastEventID)
    do {
      return try await Abandonable().run { try await provider(attempt, request) }
    } catch let error where !Task.isCancelled {
      throw PassingError(error: SubscriptionError(.request, "the request provider failed", underlying: error))
    }
  }

  /// Converts the credentials in the URL to a field, and checks that the request can be sent.
  @inline(never)
  private func check(_ request: inout SubscriptionRequest) throws {
    if let (url, authorization) = request.url.extractingCredentials {
      request.url = url
      if request.headers.values(of: "Authorization").isEmpty { request.headers.set("Authorization", authorization) }
    }
    if let flaw = request.firstFlaw { throw SubscriptionError(.request, "the request cannot be sent: \(flaw)") }
    try Task.checkCancellation()
  }

  /// Returns the request for a redirect and closes the response. Returns `nil` if the response is not a redirect.
  @inline(never)
  private func redirect(_ request: SubscriptionRequest, _ response: TransportResponse) throws -> SubscriptionRequest? {
    if session.configuration.keepsCookies { cookies.take(response.head) }
    do {
      guard let next = try Redirection.next(after: request, response.head) else { return nil }
      response.body.cancel()
      return next
    } catch {
      response.body.cancel()
      throw error
    }
  }

  @inline(never)
  private func withCookies(_ request: SubscriptionRequest) -> SubscriptionRequest {
    guard configuration.keepsCookies else { return request }
    var request = request
    cookies.add(to: &request)
    return request
  }

  /// Adds the fields that every attempt has (WHATWG HTML 9.2.2 and 9.2.3; Fetch, cache mode "no-store").
  @inline(never)
  private func complete(_ request: SubscriptionRequest, lastEventID: String) -> SubscriptionRequest {
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

  @inline(never)
  private func read(_ response: TransportResponse, _ watchdog: Watchdog) async throws {
    let stream = OpenedStream(response.head)
    let readTimeout = configuration.readTimeout
    hasDelivered = false
    // Only the wait for bytes is watched. A slow consumer does not count as silence of the server.
    while true {
      watchdog.watch(readTimeout, .readTimeout, stream.head)
      let chunk: [UInt8]?
      do {
        chunk = try await response.body.next()
      } catch {
        throw broken(stream, error)
      }
      watchdog.pause()
      guard let chunk else { return try checkEnd(of: stream) }
      try parse(chunk, of: stream)
      guard await sendUnsent() else { throw CancellationError() }
    }
  }

  @inline(never)
  private func broken(_ stream: OpenedStream, _ error: any Error) -> SubscriptionError {
    SubscriptionError(.transport, "the connection broke", head: stream.head, underlying: error)
  }

  @inline(never)
  private func checkEnd(of stream: OpenedStream) throws {
    if parser.isInsideEvent {
      throw SubscriptionError(
        .truncated, "the response ended in the middle of an event, which is lost", head: stream.head)
    }
    guard configuration.mode == .singleResponse, configuration.endsAtEvent != nil else { return }
    throw SubscriptionError(
      .truncated, "the response ended before the event that marks its end", head: stream.head)
  }

  @inline(never)
  private func parse(_ chunk: [UInt8], of stream: OpenedStream) throws {
    var parsed = ParsedElements(chunk, capacity: lastCount)
    do {
      try parser.parse(chunk, into: &parsed)
      try take(parsed, of: stream)
    } catch let error as EventStreamParserError {
      // Elements before the error are still delivered.
      try take(parsed, of: stream)
      throw SubscriptionError(
        .tooLarge, "a line or an event exceeds the configured limits", head: stream.head, underlying: error)
    }
  }

  /// Keeps what has been parsed until it is sent.
  private func take(_ parsed: ParsedElements, of stream: OpenedStream) throws {
    if let time = parsed.reconnectionTime { _ = session.take(.reconnectionTime(time)) }
    if resumption.isOffered { resumption.received(parsed) }
    lastCount = min(parsed.count, 1024)
    if parsed.count == 0 { return }
    if !hasDelivered, parsed.hasEvent {
      hasDelivered = true
      _ = session.take(.delivered)
    }
    if configuration.endsAtEvent == nil, !parsed.mayHave(EventSource.Gap.eventType) {
      unsent = ElementBatch(parsed, of: stream)
    } else {
      try takeEach(parsed, of: stream)
    }
  }

  /// Checks each element, because it may be a gap or the event that marks the end.
  @inline(never)
  private func takeEach(_ parsed: ParsedElements, of stream: OpenedStream) throws {
    var elements: [EventSource.Element] = []
    defer { unsent = elements.isEmpty ? nil : ElementBatch(elements) }
    for index in 0..<parsed.count {
      guard let event = parsed.event(at: index) else {
        elements.append(.comment(parsed.comment(at: index) ?? ""))
        continue
      }
      if event.type == EventSource.Gap.eventType, let gap = EventSource.Gap(event.data) {
        elements.append(.gap(gap))
        continue
      }
      let message = EventSource.Message(event, in: stream)
      if let endsAtEvent = configuration.endsAtEvent, endsAtEvent(message) { throw ReachedEnd() }
      elements.append(.event(message))
    }
  }

  /// Hands over the parsed elements. Returns `false`, and keeps them, if that was interrupted.
  func sendUnsent() async -> Bool {
    guard let batch = unsent else { return true }
    guard await session.handoff.send(batch) else { return false }
    unsent = nil
    return true
  }
}
