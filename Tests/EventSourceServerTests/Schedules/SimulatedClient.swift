import EventSourceFormat
import EventSourceServer
import EventSourceTesting

/// A conforming client over the simulated stack: its connections, one after the other, and what it receives over them.
/// The models of readers and viewers inherit from it.
class SimulatedClient {
  private(set) var connection: SimulatedStack.Connection?
  private var parser = EventStreamParser()
  /// Decodes the response, if it is compressed.
  private(set) var decoder: GzipDecoder?
  /// Whether it has received a compressed stream.
  private(set) var hasDecoded = false
  private var attempts = 0
  private var isDisconnected = false

  var isConnected: Bool { connection.map { !$0.isFinished && !isDisconnected } ?? false }
  var status: Int? { connection?.response.head?.status }
  /// The ID with which it resumes.
  var lastEventID: String? { parser.lastEventID.isEmpty ? nil : parser.lastEventID }

  /// Begins again as a new client.
  func forget() { parser = EventStreamParser() }

  /// Returns the request of its next attempt. Two of three accept gzip.
  func nextRequest(to target: String = "/events") -> SimulatedRequest {
    var request = SimulatedRequest(target: target, lastEventID: lastEventID)
    attempts += 1
    if attempts % 3 != 0 { request.fields.append(HeaderField("Accept-Encoding", "gzip")) }
    return request
  }

  /// Continues over another connection.
  func use(_ connection: SimulatedStack.Connection, largestWrite: Int, beforeWrite: (() -> Void)? = nil) {
    parser.reset()
    decoder = nil
    isDisconnected = false
    connection.response.largestWrite = largestWrite
    connection.response.beforeWrite = beforeWrite
    self.connection = connection
  }

  func read(_ count: Int) { connection?.read(count) }

  func readOn() {
    connection?.response.largestWrite = .max
    connection?.read()
  }

  func disconnect() { connection?.disconnect() }

  /// Breaks the network connection. The stack detects it at its next write.
  func cut() {
    connection?.response.isDisconnected = true
    isDisconnected = true
  }

  /// Parses the bytes received from the stream.
  ///
  /// - Returns: What is wrong with the bytes.
  func parse(_ receive: (ReceivedEvent) -> Void) -> [String] {
    guard let response = connection?.response else { return [] }
    var flaws: [String] = []
    var body = response.takeBody()
    if response.head?.fields.contains(where: { $0.name == "Content-Encoding" }) == true {
      let decoder = decoder ?? GzipDecoder()
      self.decoder = decoder
      hasDecoded = true
      body = decoder.decode(body)
      if let flaw = decoder.flaw { flaws.append("the stream cannot be decoded: \(flaw)") }
    }
    do {
      try parser.parse(body) { element in
        if case .event(let event) = element { receive(event) }
      }
    } catch {
      flaws.append("the stream cannot be parsed: \(error)")
    }
    return flaws
  }
}
