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
      """
  )

  @Argument(help: WebAddress.help) var url: WebAddress

  @Option(
    name: [.customShort("H"), .long],
    help: ArgumentHelp("A field for the request (repeatable).", valueName: "name: value"),
    transform: HeaderField.argument)
  var header: [HeaderField] = []

  @Option(name: [.customShort("X"), .long], help: "The method (default: GET; POST if there is a body).")
  var method: String?

  @Option(name: [.customShort("d"), .long], help: ArgumentHelp("The request's body.", valueName: "text"))
  var data: String?

  @Option(
    help: ArgumentHelp("A file with the request's body; - is standard input.", valueName: "path"),
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

  @Flag(help: "End when the response ends, instead of reconnecting.") var response = false

  @Flag(help: "Try again when the first connection fails, too.") var wait = false

  @Option(
    help: ArgumentHelp("The wait before a reconnect until the server names one (default: 3).", valueName: "seconds"))
  var reconnectionTime: Seconds?

  @Flag(help: "Wait no longer after each failure.") var noBackoff = false

  @Option(help: ArgumentHelp("Reconnect after so much silence (default: 300; 0: never).", valueName: "seconds"))
  var silence: Seconds?

  @Option(help: "Colors: auto, always or never.") var color = ColorChoice.auto

  @Flag(name: .shortAndLong, help: "Say nothing about the connection.") var quiet = false

  func validate() throws {
    if data != nil, dataFile != nil { throw ValidationError("--data and --data-file exclude each other.") }
    if let count, count < 1 { throw ValidationError("--count is \(count), not at least 1.") }
    if let method, method.isEmpty || !method.utf8.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) }) {
      throw ValidationError("--method is \"\(method)\", not letters.")
    }
    try validateLastEventID(lastEventID)
  }

  func run() async throws {
    let source = EventSource(try request(), configuration: configuration())
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

  private func request() throws -> EventSourceRequest {
    var bytes = data.map { Array($0.utf8) }
    if let dataFile { bytes = try InputFile(dataFile).contents(atMost: 64 << 20) }
    let method = method ?? (bytes == nil ? "GET" : "POST")
    return EventSourceRequest(url.url, method: method, headers: header, body: bytes)
  }

  private func configuration() -> EventSource.Configuration {
    var configuration = EventSource.Configuration()
    configuration.mode = response ? .response : .subscription
    configuration.firstConnection = wait ? .retries(for: nil) : .throwsError
    configuration.lastEventID = lastEventID
    if let reconnectionTime { configuration.initialReconnectionTime = reconnectionTime.duration }
    configuration.backsOff = !noBackoff
    if let silence { configuration.readTimeout = silence.duration > .zero ? silence.duration : nil }
    configuration.lastEventIDStore = resume.map { FileLastEventIDStore(path: $0) }
    // An event counts as dealt with when it has been printed.
    configuration.commitsExplicitly = true
    return configuration
  }

  private func printElements(of source: EventSource) async throws {
    var printer = ElementPrinter(json: json, comments: comments, colors: color.isOn)
    var status = StatusLine(isWanted: !quiet)
    defer { status.clear() }
    var savedID: String?
    var rest = count ?? .max
    for try await element in source.elements {
      status.makeWay(for: element)
      try printer.print(element)
      switch element {
      case .event(let message):
        if message.lastEventID != savedID {
          do {
            try await source.commit(message)
          } catch {
            throw Failure(.inputOutput, "the last event ID cannot be saved: \(error)")
          }
          savedID = message.lastEventID
        }
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
    "\(wait.error?.message ?? "restarted"); reconnecting in \(wait.delay.shortText) (attempt \(wait.attempt))"
  }

  private static func sentence(_ gap: EventSource.Gap) -> String {
    let place = gap.lastEventID.map { " after \"\($0)\"" } ?? ""
    return "events of the channel \"\(gap.channel)\" are missing\(place)"
  }
}

/// Whether what is printed for a person is colored.
enum ColorChoice: String, CaseIterable, ExpressibleByArgument {
  case auto, always, never

  var isOn: Bool {
    switch self {
    case .auto: StandardOutput.isTerminal && !Self.isUnwanted
    case .always: true
    case .never: false
    }
  }

  /// The custom that a variable NO_COLOR which is not empty means no colors.
  private static var isUnwanted: Bool { getenv("NO_COLOR").map { $0.pointee != 0 } ?? false }
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
    let cause = error.underlying.map { " (\(Self.sentence($0)))" } ?? ""
    self.init(status, error.message + cause)
  }
}
