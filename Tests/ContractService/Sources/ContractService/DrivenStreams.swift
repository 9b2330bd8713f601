import EventSourceClient
import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// The options of a stream, from a suite.
struct StreamOptions: Decodable {
  var streamUrl: String
  var callbackUrl: String
  var tag: String?
  var initialDelayMs: Int?
  var readTimeoutMs: Int?
  var lastEventId: String?
  var headers: [String: String]?
  var method: String?
  var body: String?
}

/// The streams of a suite.
final class DrivenStreams: Sendable {
  private let transport: any EventSourceTransport
  private let streams = Mutex<(next: Int, open: [String: DrivenStream])>((1, [:]))

  init(transport: any EventSourceTransport) { self.transport = transport }

  /// Creates a stream, which begins immediately.
  func create(_ options: StreamOptions) throws -> String {
    let stream = try DrivenStream(options, transport)
    let id = streams.withLock { streams in
      defer { streams.next += 1 }
      streams.open["\(streams.next)"] = stream
      return "\(streams.next)"
    }
    stream.begin()
    return id
  }

  subscript(id: String?) -> DrivenStream? { streams.withLock { $0.open[id ?? ""] } }

  func remove(_ id: String?) -> DrivenStream? { streams.withLock { $0.open.removeValue(forKey: id ?? "") } }

  func closeAll() {
    for stream in streams.withLock({ $0.open.values }) { stream.source.close() }
  }
}

/// A stream that is read for a suite. Its occurrences are posted one after another.
final class DrivenStream: Sendable {
  let source: EventSource
  private let callback: URL

  init(_ options: StreamOptions, _ transport: any EventSourceTransport) throws(SubscriptionError) {
    guard let url = URL(string: options.streamUrl), let callback = URL(string: options.callbackUrl) else {
      throw SubscriptionError(.request, "streamUrl or callbackUrl is no URL")
    }
    self.callback = callback
    var request = SubscriptionRequest(url, method: options.method ?? "GET", body: options.body.map { Array($0.utf8) })
    request.headers = (options.headers ?? [:]).sorted { $0.key < $1.key }.map { HeaderField($0.key, $0.value) }
    var configuration = EventSource.Configuration()
    configuration.initialConnectionFailure = .retry(for: nil)
    configuration.reconnectionTime = .milliseconds(max(0, options.initialDelayMs ?? 1000))
    // Suites expect exactly the delay that they requested.
    configuration.usesExponentialBackoff = false
    configuration.jitter = 0
    configuration.readTimeout = options.readTimeoutMs.map { .milliseconds(max(1, $0)) }
    configuration.lastEventID = options.lastEventId ?? ""
    try configuration.validate()
    source = EventSource(request, configuration: configuration, transport: transport)
  }

  func begin() {
    Task { [self] in
      var number = 0
      func post(_ happening: Happening) async {
        number += 1
        await send(happening, number)
      }
      do {
        for try await element in source.elements {
          switch element {
          case .event(let message):
            await post(
              Happening(
                kind: "event",
                event: Happening.Event(type: message.type, data: message.data, id: message.lastEventID)))
          case .gap: break
          case .comment(let text): await post(Happening(kind: "comment", comment: text))
          case .reconnecting(let reconnection):
            if let error = reconnection.error { await post(Happening(kind: "error", error: "\(error)")) }
          case .closed(.byServer): await post(Happening(kind: "error", error: "the server has nothing more"))
          case .opened, .closed: break
          }
        }
      } catch {
        await post(Happening(kind: "error", error: "\(error)"))
      }
    }
  }

  private func send(_ happening: Happening, _ number: Int) async {
    var request = URLRequest(url: callback.appendingPathComponent("\(number)"))
    request.httpMethod = "POST"
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    request.httpBody = try? JSONEncoder().encode(happening)
    do {
      _ = try await URLSession.shared.data(for: request)
    } catch {
      FileHandle.standardError.write(Data("the suite does not take a callback: \(error)\n".utf8))
    }
  }
}

/// An occurrence as reported to a suite.
private struct Happening: Encodable {
  struct Event: Encodable {
    var type: String
    var data: String
    var id: String
  }

  var kind: String
  var event: Event?
  var comment: String?
  var error: String?
}
