import ArgumentParser
import EventSourceClient
import Foundation

/// Posts events to a server.
struct Publish: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Publishes events: posts each to a URL, such as one of `eventsource serve`.",
    discussion: """
      Publishes the argument or a file (--file) as one event, or otherwise each line of standard input as an event. \
      Prints the server's response to each event, which for `eventsource serve` is the event's ID. Stops at the first \
      event that is rejected. Sends no event twice.
      """
  )

  @Argument(help: WebAddress.help, transform: WebAddress.init(argument:)) var url: WebAddress

  @Argument(help: "The data (default: each line of standard input, unless there is --file).") var data: String?

  @Option(help: ArgumentHelp("A file with the data; - is standard input.", valueName: "path"), completion: .file())
  var file: String?

  @Option(help: "The events' type, as the query item \"type\".") var type: String?

  @Option(help: "The event's ID, as the query item \"id\".") var id: String?

  @Option(
    name: [.customShort("H"), .long],
    help: ArgumentHelp("A header field of the request (repeatable).", valueName: "name: value"),
    transform: HeaderField.argument)
  var header: [HeaderField] = []

  @Option(help: ArgumentHelp("The time limit of a response (default: 30).", valueName: "seconds")) var timeout: Seconds?

  /// The maximum size of an event.
  static let maximumBytes = 16 << 20
  /// The maximum number of bytes to read of a response.
  private static let mostOfAnswer = 64 << 10

  func validate() throws {
    if data != nil, file != nil { throw ValidationError("the data and --file exclude each other.") }
    if id != nil, data == nil, file == nil { throw ValidationError("--id applies to one event, not to several lines.") }
  }

  func run() async throws {
    let transport = EventSource.defaultTransport
    var output = StandardOutput()
    if let data {
      try await publish(Array(data.utf8), by: transport, to: &output)
    } else if let file {
      try await publish(InputFile(file).contents(atMost: Self.maximumBytes), by: transport, to: &output)
    } else {
      var lines = InputLines(try InputFile("-"), longest: Self.maximumBytes)
      while let line = try lines.next() {
        do {
          try await publish(line, by: transport, to: &output)
        } catch let failure as Failure {
          throw Failure(failure.status, "line \(lines.count) of standard input: \(failure.message)")
        }
      }
    }
  }

  /// Posts one event and prints the response. A redirect counts as an error, because following it would lose the body.
  private func publish(_ bytes: [UInt8], by transport: any EventSourceTransport, to output: inout StandardOutput)
    async throws
  {
    var headers = header
    if headers.values(of: "Content-Type").isEmpty {
      headers.append(HeaderField("Content-Type", "text/plain; charset=utf-8"))
    }
    if headers.values(of: "User-Agent").isEmpty { headers.append(HeaderField("User-Agent", EventSource.userAgent)) }
    let request = SubscriptionRequest(target(), method: "POST", headers: headers, body: bytes)
    let (status, text) = try await Self.within(timeout?.duration ?? .seconds(30)) {
      let response = try await transport.send(request)
      defer { response.body.cancel() }
      var answer: [UInt8] = []
      while answer.count < Self.mostOfAnswer, let chunk = try await response.body.next() { answer += chunk }
      let text = String(decoding: answer.prefix(Self.mostOfAnswer), as: UTF8.self)
      return (response.head.status, text.trimmingCharacters(in: .newlines))
    }
    guard (200..<300).contains(status) else { throw Self.rejection(status, text) }
    if !text.isEmpty { try output.add(StandardOutput.isTerminal ? text.visible(keepingLineBreaks: true) : text) }
    try output.flush()
  }

  /// Runs an operation that is cancelled at a time limit.
  private static func within<Value: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    do {
      return try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await body() }
        group.addTask {
          try await Task.sleep(for: limit)
          throw Failure(.unavailable, "the server did not respond within \(limit)")
        }
        defer { group.cancelAll() }
        return try await group.next()!
      }
    } catch let failure as Failure {
      throw failure
    } catch let error as SubscriptionError {
      throw Failure(error)
    } catch {
      throw Failure(.unavailable, "the server cannot be reached (\(Failure.sentence(error)))")
    }
  }

  private func target() -> URL {
    guard type != nil || id != nil, var parts = URLComponents(url: url.url, resolvingAgainstBaseURL: true) else {
      return url.url
    }
    let items = [("type", type), ("id", id)].compactMap { name, value in
      value.map { URLQueryItem(name: name, value: $0) }
    }
    parts.queryItems = (parts.queryItems ?? []) + items
    // Servers decode a plus sign as a space.
    parts.percentEncodedQuery = parts.percentEncodedQuery?.replacingOccurrences(of: "+", with: "%2B")
    return parts.url ?? url.url
  }

  private static func rejection(_ status: Int, _ reason: String) -> Failure {
    let kind: Failure.Status =
      switch status {
      case 401, 403: .noPermission
      case 400, 413, 415, 422: .data
      default: .unavailable
      }
    let first = reason.split(separator: "\n").first.map { ": \($0)" } ?? ""
    return Failure(kind, "the server responded with status \(status)\(first)")
  }
}

extension Failure {
  /// Returns the description of a library's error.
  static func sentence(_ error: any Error) -> String {
    (error as? URLError)?.localizedDescription ?? "\(error)"
  }
}
