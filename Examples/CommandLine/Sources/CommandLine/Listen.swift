import ArgumentParser
import EventSourceClient
import Foundation

/// Reads a stream and goes on reading it.
struct Listen: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reads an event stream, and reconnects when it breaks.",
    discussion: "What happens to the connection is told on standard error.")

  @Argument(help: "The stream's URL.")
  var url: String

  @Option(name: [.customShort("H"), .long], help: "A field of the request, as \"Name: value\". May be repeated.")
  var header: [String] = []

  @Option(name: [.customShort("X"), .long], help: "The method; GET, or POST with --data.")
  var method: String?

  @Option(name: [.short, .long], help: "A body for the request, sent on each attempt.")
  var data: String?

  @Option(help: "A file that keeps the last event ID, to go on from there next time.")
  var resume: String?

  @Option(name: .customLong("last-event-id"), help: "The last event ID to begin with.")
  var lastEventID = ""

  @Flag(help: "Print each event as a line of JSON.")
  var json = false

  @Flag(help: "Read one response to its end, and do not ask again: for answers of models.")
  var response = false

  @Flag(help: "Keep trying if the server cannot be reached at first.")
  var wait = false

  @Flag(name: .shortAndLong, help: "Do not tell what happens to the connection.")
  var quiet = false

  @Option(help: "End after so many events.")
  var count: Int?

  @Option(name: .customLong("silence"), help: "Reconnect after so many seconds without a byte; 0: never.")
  var silence = 300.0

  private func request() throws -> EventSourceRequest {
    var request = EventSourceRequest(
      try Failure.url(url), method: method ?? (data == nil ? "GET" : "POST"), body: data.map { Array($0.utf8) })
    for field in header {
      guard let colon = field.firstIndex(of: ":"), colon > field.startIndex else {
        throw Failure.exit(Failure.usage, "\"\(field)\" is no field; write it as \"Name: value\"")
      }
      let value = field[field.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      request.headers.append(HeaderField(String(field[..<colon]), value))
    }
    return request
  }

  func run() async throws {
    var configuration = EventSource.Configuration()
    configuration.mode = response ? .response : .subscription
    configuration.firstConnection = wait ? .retries(for: nil) : .throwsError
    configuration.lastEventID = lastEventID
    configuration.readTimeout = silence > 0 ? .seconds(silence) : nil
    configuration.lastEventIDStore = resume.map { FileLastEventIDStore(path: $0) }
    do {
      try configuration.validate()
      try await read(EventSource(try request(), configuration: configuration))
    } catch let error as SubscriptionError {
      throw Failure.exit(error)
    }
  }

  private func read(_ source: EventSource) async throws {
    let output = Output()
    var events = 0
    for try await element in source.elements {
      switch element {
      case .opened: tell("connected to \(url)")
      case .reconnecting(let reconnection):
        let reason = reconnection.error.map { ": \($0)" } ?? ""
        let seconds = reconnection.delay.components.seconds
        tell("reconnecting in \(seconds) s\(reason)")
      case .gap(let gap):
        tell("events of \(gap.channel) after \(gap.lastEventID ?? "the last one") are missing")
      case .comment, .closed: break
      case .event(let message):
        if json {
          try output.json(EventLine(type: message.type, data: message.data, lastEventID: message.lastEventID))
        } else {
          let id = message.lastEventID.isEmpty ? "" : output.faint("[\(message.lastEventID)] ")
          let type = message.type == "message" ? "" : output.bold("\(message.type): ")
          output.line(id + type + message.data)
        }
        events += 1
        if events == count {
          // It has been dealt with, though no other is asked for.
          try await source.commit(message)
          return
        }
      }
    }
  }

  private func tell(_ text: String) {
    if !quiet { FileHandle.standardError.write(Data("eventsource: \(text)\n".utf8)) }
  }
}
