import EventSourceClient
import Foundation
import Testing

/// Tests of the options for libcurl's connections, and of the User-Agent of all transports.
@Suite struct CurlOptionTests {
  private let stream: ScriptedServer.Script = { connection in
    try connection.request()
    try connection.head()
    try connection.write("data: x\n\n")
    try connection.untilClosed()
  }

  private func first(
    _ url: URL, _ change: (inout CurlTransport.Options) -> Void = { _ in }
  ) async throws -> String? {
    var options = CurlTransport.Options()
    change(&options)
    let source = EventSource(url, configuration: .quick(), transport: CurlTransport(options: options))
    return try await within { try await source.events.first { _ in true }?.data }
  }

  @Test(arguments: TransportKind.allCases)
  func theUserAgentNamesThePackageAndItsVersion(transport: TransportKind) async throws {
    let server = try ScriptedServer(stream)
    for own in [nil, "mine/2"] {
      let request = SubscriptionRequest(server.url, headers: own.map { [HeaderField("user-agent", $0)] } ?? [])
      let source = EventSource(request, configuration: .quick(), transport: transport.make())
      _ = try await within { try await source.events.first { _ in true } }
    }
    #expect(EventSource.userAgent.wholeMatch(of: /EventSourceKit\/\d+\.\d+\.\d+/) != nil)
    #expect(server.requests.map { $0.values(of: "User-Agent") } == [[EventSource.userAgent], ["mine/2"]])
    server.stop()
  }

  @Test func aProxyIsUsedAndCanBeLeftOut() async throws {
    let proxy = try ScriptedServer(stream)
    let elsewhere = URL(string: "http://nowhere.invalid/path")!
    #expect(try await first(elsewhere) { $0.proxy = "http://127.0.0.1:\(proxy.port)" } == "x")
    #expect(proxy.requests.first?.line == "GET http://nowhere.invalid/path HTTP/1.1")
    #expect(try await first(proxy.url) { $0.proxy = "" } == "x")
    #expect(proxy.requests.last?.line == "GET /stream HTTP/1.1")
    proxy.stop()
  }

  @Test func anInterfaceIsConnectedFrom() async throws {
    let server = try ScriptedServer(stream)
    #expect(try await first(server.url) { $0.interface = "127.0.0.1" } == "x")
    await #expect(throws: SubscriptionError.self) { try await first(server.url) { $0.interface = "192.0.2.1" } }
    server.stop()
  }

  @Test func aFileThatIsNoCertificateIsAFaultOfTheRequest() async throws {
    let server = try ScriptedServer { try $0.untilClosed() }
    let url = URL(string: "https://127.0.0.1:\(server.port)/")!
    for change in [{ $0.authorityFile = "/nowhere" }, { $0.certificateFile = "/nowhere" }]
      as [@Sendable (inout CurlTransport.Options) -> Void]
    {
      let error = await #expect(throws: SubscriptionError.self) { try await first(url, change) }
      #expect(error?.code == .request)
    }
    server.stop()
  }

  @Test func aConnectionThatIsNotMadeInTimeIsToldApartFromASlowHead() async throws {
    // The kernel accepts the connection, and nothing answers the TLS handshake, which is part of connecting.
    let server = try ScriptedServer { try $0.untilClosed() }
    let secure = URL(string: "https://127.0.0.1:\(server.port)/")!
    let configuration = EventSource.Configuration.quick {
      $0.connectTimeout = .milliseconds(100)
      $0.headTimeout = nil
    }
    let source = EventSource(secure, configuration: configuration, transport: CurlTransport())
    #expect(try await readToEnd(source).error?.code == .connectTimeout)
    server.stop()
    let answered = DispatchSemaphore(value: 0)
    let slow = try ScriptedServer { connection in
      try connection.request()
      _ = answered.wait(timeout: .now() + .milliseconds(500))
      try connection.head()
      try connection.write("data: late\n\n")
      try connection.untilClosed()
    }
    let thinking = EventSource(slow.url, configuration: configuration, transport: CurlTransport())
    #expect(try await within { try await thinking.events.first { _ in true }?.data } == "late")
    slow.stop()
  }
}
