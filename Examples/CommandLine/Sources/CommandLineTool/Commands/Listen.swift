import ArgumentParser
import EventSourceClient
import Foundation
import Synchronization

/// Prints a stream's events on standard output until it is interrupted.
struct Listen: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the events of a stream, and reconnects when it breaks.",
    discussion: """
      Prints the data of each event; --json prints one object per line: {"type":...,"data":...,"lastEventID":...} \
      for an event, {"comment":...} for a comment, and {"gap":...} where the server reports missing events. Changes of \
      the connection are reported on standard error. If that is a terminal, its last line shows the state and the \
      number of events and reconnects.

      With --resume, each event is printed, and then its ID is written to the file. A later start gets the events \
      published in between.

      A request with a body or with a method other than GET is sent once, as with --response. Use --reconnect if it \
      can be repeated.
      """
  )

  @Argument(help: WebAddress.help, transform: WebAddress.init(argument:)) var url: WebAddress

  @Option(
    name: [.customShort("H"), .long],
    help: ArgumentHelp("A header field of the request (repeatable).", valueName: "name: value"),
    transform: HeaderField.argument)
  var header: [HeaderField] = []

  @Option(name: [.customShort("X"), .long], help: "The method (default: GET; POST if there is a body).")
  var method: String?

  @Option(
    name: [.customShort("d"), .long],
    help: ArgumentHelp("The request's body; @PATH reads a file and removes its line breaks.", valueName: "text"))
  var data: String?

  @Option(
    help: ArgumentHelp("A file with the request's body, sent unchanged; - is standard input.", valueName: "path"),
    completion: .file())
  var dataFile: String?

  @Option(
    help: ArgumentHelp("Resume after the event whose ID is in this file, and update the file.", valueName: "path"),
    completion: .file())
  var resume: String?

  @Option(name: .customLong("last-event-id"), help: ArgumentHelp("Resume after this event.", valueName: "id"))
  var lastEventID = ""

  @Flag(help: "Print one JSON object per line.") var json = false

  @Flag(help: "Print comments too.") var comments = false

  @Option(help: ArgumentHelp("End after this many events.", valueName: "number")) var count: Int?

  @Option(
    help: ArgumentHelp(
      "End at the event with this data, without printing it, such as [DONE]. A single response without it is an error.",
      valueName: "data"))
  var until: String?

  @Flag(help: "End when the response ends, instead of reconnecting.") var response = false

  @Flag(help: "Reconnect and repeat the request even if it is not a GET.") var reconnect = false

  @Flag(help: "Retry even if the first connection fails.") var wait = false

  @Option(
    help: ArgumentHelp("The reconnection time until the server sets one (default: 3).", valueName: "seconds"))
  var reconnectionTime: Seconds?

  @Flag(help: "Do not increase the delay after repeated failures.") var noBackoff = false

  @Option(help: ArgumentHelp("Reconnect after this time without data (default: 300; 0: never).", valueName: "seconds"))
  var silence: Seconds?

  @Option(
    help: ArgumentHelp("The maximum time to connect (default: 30; 0: no limit).", valueName: "seconds"))
  var connectTimeout: Seconds?

  @Option(
    help: ArgumentHelp(
      "The maximum time until the response begins (default: 30, no limit for a single response; 0: no limit).",
      valueName: "seconds"))
  var headTimeout: Seconds?

  @Option(
    help: ArgumentHelp("A file of certificate authorities to trust, in PEM.", valueName: "path"), completion: .file())
  var cacert: String?

  @Option(help: "Colors: auto, always or never.") var color = ColorChoice.auto

  @Flag(name: .shortAndLong, help: "Print nothing about the connection.") var quiet = false

  func validate() throws {
    if data != nil, dataFile != nil { throw ValidationError("--data and --data-file exclude each other.") }
    if let count, count < 1 { throw ValidationError("--count is \(count); expected at least 1.") }
    if let method, method.isEmpty || !method.utf8.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) }) {
      throw ValidationError("--method is \"\(method)\"; expected letters.")
    }
    if response, reconnect { throw ValidationError("--response and --reconnect exclude each other.") }
    if !lastEventID.isEmpty, !header.values(of: "Last-Event-ID").isEmpty {
      throw ValidationError("--last-event-id and -H Last-Event-ID exclude each other.")
    }
    try validateLastEventID(lastEventID)
  }

  func run() async throws {
    let request = try request()
    let source = EventSource(request, configuration: configuration(for: request), transport: transport)
    let exitStatus = Mutex<Int32?>(nil)
    let end = { @Sendable (status: Int32) in
      exitStatus.withLock { $0 = $0 ?? status }
      source.close()
    }
    let interruptions = Interruptions { end(Interruptions.status(after: $0)) }
    defer { withExtendedLifetime(interruptions) {} }
    OutputReader.whenGone { end(ExitCode.brokenPipe.rawValue) }
    do {
      try await printElements(of: source)
    } catch let error as SubscriptionError {
      throw Failure(error)
    }
    if let status = exitStatus.withLock({ $0 }) { throw ExitCode(status) }
  }

  private var transport: any EventSourceTransport {
    guard let cacert else { return EventSource.defaultTransport }
    var options = CurlTransport.Options()
    options.authorityFile = cacert
    return CurlTransport(options: options)
  }

  private func request() throws -> SubscriptionRequest {
    let body = try RequestBody.bytes(data: data, dataFile: dataFile)
    return SubscriptionRequest(url.url, method: method ?? (body == nil ? "GET" : "POST"), headers: header, body: body)
  }

  private func configuration(for request: SubscriptionRequest) -> EventSource.Configuration {
    var configuration = EventSource.Configuration()
    let isRepeatable = request.body == nil && ["GET", "HEAD"].contains(request.method)
    configuration.mode = response || !(reconnect || isRepeatable) ? .singleResponse : .subscription
    configuration.initialConnectionFailure = wait ? .retry(for: nil) : .fail
    configuration.lastEventID = lastEventID
    if let reconnectionTime { configuration.reconnectionTime = reconnectionTime.duration }
    configuration.usesExponentialBackoff = !noBackoff
    if let connectTimeout { configuration.connectTimeout = connectTimeout.limit }
    if let headTimeout { configuration.headTimeout = headTimeout.limit }
    if let silence {
      configuration.readTimeout = silence.limit
      // The read timeout is off, so the timeout for the response is also off.
      if headTimeout == nil, silence.limit == nil { configuration.headTimeout = nil }
    }
    configuration.lastEventIDStore = resume.map { FileLastEventIDStore(path: $0) }
    // An event counts as processed after it has been printed.
    configuration.acknowledgement = .explicit
    return configuration
  }

  private func printElements(of source: EventSource) async throws {
    var printer = ElementPrinter(json: json, comments: comments, colors: color.isOn)
    var status = StatusLine(isWanted: !quiet)
    defer { status.clear() }
    var rest = count ?? .max
    for try await element in source.elements {
      if case .event(let message) = element, message.data == until { return try await commit(message, to: source) }
      status.makeWay(for: element)
      try printer.print(element)
      switch element {
      case .event(let message):
        try await commit(message, to: source)
        rest -= 1
        if rest == 0 { return }
      case .opened(let head): say("connected to \(Self.place(head.url))")
      case .reconnecting(let wait): say(Self.sentence(wait))
      case .closed(.completed) where until != nil:
        throw Failure(.unavailable, "the response ended before an event with the data \"\(until ?? "")\"")
      case .closed(.byServer): say("the server has ended the stream for good")
      case .gap(let gap) where !json: say(Self.sentence(gap))
      case .comment, .gap, .closed: break
      }
      status.take(element)
    }
  }

  private func commit(_ message: EventSource.Message, to source: EventSource) async throws {
    do {
      try await source.acknowledge(message)
    } catch {
      throw Failure(.inputOutput, "the last event ID cannot be saved: \(error)")
    }
  }

  private func say(_ message: @autoclosure () -> String) {
    if !quiet { complain(message()) }
  }

  /// Returns the URL without the parts that may be secret.
  private static func place(_ url: URL) -> String {
    var parts = URLComponents(url: url, resolvingAgainstBaseURL: true) ?? URLComponents()
    (parts.user, parts.password, parts.query) = (nil, nil, nil)
    return parts.string ?? ""
  }

  private static func sentence(_ wait: EventSource.Reconnection) -> String {
    "\(wait.error?.errorDescription ?? "restarted"); reconnecting in \(wait.delay.shortText) (attempt \(wait.attempt))"
  }

  private static func sentence(_ gap: EventSource.Gap) -> String {
    let place = gap.lastEventID.map { " after \"\($0)\"" } ?? ""
    return "events of the channel \"\(gap.channel)\" are missing\(place)"
  }
}

extension Failure {
  /// Creates the failure for the error that ended listening.
  init(_ error: SubscriptionError) {
    let status: Status =
      switch error.code {
      case .request: .usage
      case .tooLarge: .data
      case .store: .inputOutput
      case .contentType, .redirect: .protocol
      case .status where [401, 403].contains(error.status): .noPermission
      default: .unavailable
      }
    self.init(status, error.errorDescription ?? error.message)
  }
}
