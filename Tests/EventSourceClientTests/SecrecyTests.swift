import EventSourceClient
import Foundation
import Synchronization
import Testing

/// Tests that passwords and query strings stay out of logs and errors, and that credentials are sent only where they
/// belong.
@Suite struct SecrecyTests {
  private func expectNoSecret(in text: String) {
    #expect(!text.contains("s3cret") && !text.contains("t0ken"), "\(text)")
  }

  private func expectNoSecret(in error: SubscriptionError?) throws {
    let error = try #require(error)
    var dumped = ""
    dump(error, to: &dumped)
    for text in ["\(error)", String(reflecting: error), error.localizedDescription, dumped, "\(error.head as Any)"] {
      expectNoSecret(in: text)
    }
  }

  private func url(_ port: Int, _ path: String = "stream", scheme: String = "http") -> URL {
    URL(string: "\(scheme)://anna:s3cret@127.0.0.1:\(port)/\(path)?key=t0ken#t0ken")!
  }

  @Test(arguments: TransportKind.allCases)
  func neitherLogsNorErrorsHaveSecrets(transport: TransportKind) async throws {
    let server = try ScriptedServer(
      { connection in
        try connection.request()
        try connection.head()
        try connection.write("data: x\n\n")
      },
      { connection in
        try connection.request()
        try connection.status("307 Moved", "Location: /other?key=t0ken\r\n")
      },
      { connection in
        try connection.request()
        try connection.status("404 Gone")
      })
    let records = Mutex<[String]>([])
    let configuration = EventSource.Configuration.quick {
      $0.logger = { record in records.withLock { $0.append("\(record.message) \(record.metadata)") } }
    }
    let source = EventSource(url(server.port), configuration: configuration, transport: transport.make())
    let error = try await readToEnd(source).error
    #expect(error?.status == 404)
    try expectNoSecret(in: error)
    let lines = records.withLock { $0 }
    #expect(lines.count >= 4)
    for line in lines { expectNoSecret(in: line) }
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func errorsOfEveryKindHaveNoSecrets(transport: TransportKind) async throws {
    let broken = try ScriptedServer { try $0.request() }
    let plain = try ScriptedServer { try $0.write("no TLS\r\n\r\n") }
    let circle = try ScriptedServer { connection in
      try connection.request()
      try connection.status("307 Moved", "Location: ftp://anna:s3cret@x/?key=t0ken\r\n")
    }
    let urls = [
      url(1), url(broken.port), url(circle.port), url(broken.port, scheme: "ftp"), url(plain.port, scheme: "https"),
      url(99_999),
    ]
    for url in urls {
      let source = EventSource(url, configuration: .quick(), transport: transport.make())
      try await expectNoSecret(in: readToEnd(source).error)
    }
    expectNoSecret(in: "\(SubscriptionRequest(url(1), headers: [HeaderField("Authorization", "t0ken")]))")
    broken.stop()
    plain.stop()
    circle.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func theUserOfAURLIsSentByEveryTransportAndStaysWithinTheOrigin(transport: TransportKind) async throws {
    let other = try ScriptedServer { connection in
      try connection.request()
      try connection.head()
      try connection.write("data: x\n\n")
      try connection.untilClosed()
    }
    let server = try ScriptedServer(
      { connection in
        try connection.request()
        try connection.status("307 Here", "Location: /other\r\n")
      },
      { connection in
        try connection.request()
        try connection.status("307 Elsewhere", "Location: \(other.url)\r\n")
      })
    let user = URL(string: "http://a%40b:p%3Aq@127.0.0.1:\(server.port)/stream")!
    let source = EventSource(user, configuration: .quick(), transport: transport.make())
    let head = try await within { try await source.events.first { _ in true }?.head }
    #expect(head?.url == other.url)
    let expected = "Basic " + Data("a@b:p:q".utf8).base64EncodedString()
    #expect(server.requests.map { $0.values(of: "Authorization") } == [[expected], [expected]])
    #expect(server.requests.map(\.path) == ["/stream", "/other"])
    #expect(other.requests.map { $0.values(of: "Authorization") } == [[]])
    server.stop()
    other.stop()
  }
}
