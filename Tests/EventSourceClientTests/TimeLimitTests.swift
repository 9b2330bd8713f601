import EventSourceClient
import Foundation
import Synchronization
import Testing

/// Tests that the limits of time and of attempts hold, whatever a server sends.
@Suite struct TimeLimitTests {
  private func limited(_ limit: Duration, _ change: (inout EventSource.Configuration) -> Void = { _ in })
    -> EventSource.Configuration
  {
    .quick {
      $0.initialConnectionFailure = .retry(for: limit)
      change(&$0)
    }
  }

  @Test(arguments: TransportKind.allCases)
  func theLimitOfTheFirstConnectionCutsAnAttempt(transport: TransportKind) async throws {
    let server = try ScriptedServer { try $0.untilClosed() }
    let configuration = limited(.milliseconds(300)) {
      // Neither of them would end the source within the test.
      $0.connectTimeout = nil
      $0.headTimeout = .seconds(3600)
    }
    let source = EventSource(server.url, configuration: configuration, transport: transport.make())
    #expect(try await readToEnd(source).error?.code == .connectTimeout)
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func aServerCannotHoldASourcePastTheLimitOfItsFirstConnection(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.status("503 Later", "Retry-After: 3600\r\n")
    }
    let source = EventSource(server.url, configuration: limited(.seconds(10)), transport: transport.make())
    let (_, error) = try await readToEnd(source)
    #expect(error?.status == 503 && server.accepted == 1)
    server.stop()
  }

  @Test func theFirstConnectionIsRetriedWithinItsLimit() async throws {
    let transport = ChunkTransport { number, _ in number < 4 ? nil : ["data: x\n\n"] }
    for mode in [EventSource.Configuration.Mode.subscription, .singleResponse] {
      let source = EventSource(
        URL(string: "http://chunks.test/")!, configuration: limited(.seconds(60)) { $0.mode = mode },
        transport: transport)
      #expect(try await within { try await source.events.first { _ in true }?.data } == "x")
    }
    #expect(transport.attempts == 5)
  }

  @Test func aModelMayThinkAsLongAsItLikes() throws {
    var configuration = EventSource.Configuration()
    #expect(configuration.headTimeout == .seconds(30))
    configuration.connectTimeout = .seconds(5)
    #expect(configuration.headTimeout == .seconds(5))
    configuration.mode = .singleResponse
    #expect(configuration.headTimeout == nil && configuration.connectTimeout == .seconds(5))
    configuration.headTimeout = .seconds(7)
    #expect(configuration.headTimeout == .seconds(7))
    configuration.mode = .subscription
    configuration.headTimeout = nil
    #expect(configuration.headTimeout == nil)
    configuration.headTimeout = .zero
    #expect(throws: SubscriptionError.self) { try configuration.validate() }
  }

  @Test(arguments: TransportKind.allCases)
  func aRefusalIsAnsweredByOneFreshRequest(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      let token = try connection.request().values(of: "Authorization").first
      guard token == "new" else { return try connection.status("401 Expired") }
      try connection.head()
      try connection.write("data: x\n\n")
      try connection.untilClosed()
    }
    let renewing = EventSource.Configuration.quick {
      $0.requestProvider = { attempt, request in
        var request = request
        request.headers.append(HeaderField("Authorization", attempt.lastError?.status == 401 ? "new" : "old"))
        return request
      }
    }
    let source = EventSource(server.url, configuration: renewing, transport: transport.make())
    #expect(try await within { try await source.events.first { _ in true }?.data } == "x")
    let stubborn = EventSource.Configuration.quick { $0.requestProvider = { $1 } }
    let refused = EventSource(server.url, configuration: stubborn, transport: transport.make())
    #expect(try await readToEnd(refused).error?.status == 401)
    #expect(server.accepted == 4)
    server.stop()
  }

  @Test func waitsThatUserAndServerAskForAreTold() async throws {
    let transport = ChunkTransport { _, _ in ["retry: 99999999999999999999\ndata: x\n\n"] }
    let configuration = EventSource.Configuration.quick {
      $0.jitter = 0
      $0.readTimeout = .milliseconds(20)
    }
    let source = EventSource(URL(string: "http://chunks.test/")!, configuration: configuration, transport: transport)
    let delay: Duration? = try await within {
      for try await case .reconnecting(let reconnection) in source.elements { return reconnection.delay }
      return nil
    }
    #expect(delay == .seconds(3600))
  }
}
