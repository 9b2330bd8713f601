import ArgumentParser
import EventSourceClient
import Foundation
import Synchronization

/// A stream's events on standard output, for as long as it takes.
struct Listen: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the events of a stream, and reconnects when it breaks.",
    discussion: """
      Prints the data of each event; --json prints one object per line: {"type":...,"data":...,"lastEventID":...} \
      for an event, {"comment":...} for a comment, and {"gap":...} where the server says that events are missing. What \
      happens to the connection is told on standard error; if that is a terminal, its last line is the state, and how \
      many events and reconnects there were.

      With --resume, a later start gets what was published in between: each event is printed, and then its ID is \
      written to the file.

      A request with a body or with another method than GET is sent once, as with --response: use --reconnect if it \
      may be repeated.
      """
  )

  @Argument(help: WebAddress.help, transform: WebAddress.init(argument:)) var url: WebAddress

  @Option(
    name: [.customShort("H"), .long],
    help: ArgumentHelp("A field for the request (repeatable).", valueName: "name: value"),
    transform: HeaderField.argument)
  var header: [HeaderField] = []

  @Option(name: [.customShort("X"), .long], help: "The method (default: GET; POST if there is a body).")
  var method: String?

  @Option(
    name: [.customShort("d"), .long],
    help: ArgumentHelp("The request's body; @PATH is a file, without its line breaks.", valueName: "text"))
  var data: String?

  @Option(
    help: ArgumentHelp("A file with the request's body, sent as it is; - is standard input.", valueName: "path"),
    completion: .file())
  var dataFile: String?

  @Option(
    help: ArgumentHelp("Continue after the event named in this file, and keep it.", valueName: "path"),
    completion: .file())
  var resume: String?

  @Option(name: .customLong("last-event-id"), help: ArgumentHelp("Continue after this event.", valueName: "id"))
  var lastEventID = ""

  @Flag(help: "Print one JSON object per line.") var json = false

  @Flag(help: "Print comments too.") var comments = false

  @Option(help: ArgumentHelp("End after so many events.", valueName: "number")) var count: Int?

  @Option(
    help: ArgumentHelp("End at the event with this data, without printing it, such as [DONE].", valueName: "data"))
  var until: String?

  @Flag(help: "End when the response ends, instead of reconnecting.") var response = false

  @Flag(help: "Reconnect, and repeat the request, also if it is no GET.") var reconnect = false

  @Flag(help: "Try again when the first connection fails, too.") var wait = false

  @Option(
    help: ArgumentHelp("The wait before a reconnect until the server names one (default: 3).", valueName: "seconds"))
  var reconnectionTime: Seconds?

  @Flag(help: "Wait no longer after each failure.") var noBackoff = false

  @Option(help: ArgumentHelp("Reconnect after so much silence (default: 300; 0: never).", valueName: "seconds"))
  var silence: Seconds?

  @Option(
    help: ArgumentHelp("How long a connection may take to be made (default: 30; 0: any time).", valueName: "seconds"))
  var connectTimeout: Seconds?

  @Option(
    help: ArgumentHelp(
      "How long the response may take to begin (default: 30, and any time for one response; 0: any time).",
      valueName: "seconds"))
  var headTimeout: Seconds?

  @Option(
    help: ArgumentHelp("A file of certificate authorities to trust, in PEM.", valueName: "path"), completion: .file())
  var cacert: String?

  @Option(help: "Colors: auto, always or never.") var color = ColorChoice.auto

  @Flag(name: .shortAndLong, help: "Say nothing about the connection.") var quiet = false

  func validate() throws {
    if data != nil, dataFile != nil { throw ValidationError("--data and --data-file exclude each other.") }
    if let count, count < 1 { throw ValidationError("--count is \(count), not at least 1.") }
    if let method, method.isEmpty || !method.utf8.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) }) {
      throw ValidationError("--method is \"\(method)\", not letters.")
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
    configuration.mode = response || !(reconnect || isRepeatable) ? .response : .subscription
    configuration.initialConnectionFailure = wait ? .retry(for: nil) : .throwsError
    configuration.lastEventID = lastEventID
    if let reconnectionTime { configuration.reconnectionTime = reconnectionTime.duration }
    configuration.usesExponentialBackoff = !noBackoff
    if let connectTimeout { configuration.connectTimeout = connectTimeout.limit }
    if let headTimeout { configuration.headTimeout = headTimeout.limit }
    if let silence {
      configuration.readTimeout = silence.limit
      // No silence is too long, also before the response.
      if headTimeout == nil, silence.limit == nil { configuration.headTimeout = nil }
    }
    configuration.lastEventIDStore = resume.map { FileLastEventIDStore(path: $0) }
    // An event counts as processed when it has been printed.
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
      case .closed(.byServer): say("the server says that there is nothing more to come")
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

  /// Without what may be secret.
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
  /// Why listening ended.
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
