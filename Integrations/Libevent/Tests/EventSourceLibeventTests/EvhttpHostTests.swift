import CLibevent
import EventSourceLibevent
import EventSourceServer
import Synchronization
import Testing

@testable import EventSourceTesting

/// Tests that the host keeps control of its loop, its callbacks and the settings of its connections.
@Suite(.serialized) struct EvhttpHostTests {
  /// The number of calls of each of the host's callbacks.
  private final class Calls: Sendable {
    let closed = Atomic(0)
    let completed = Atomic(0)
  }

  // Sendable, because after `init` everything except `hub` is used on the base's thread.
  private final class Scene: @unchecked Sendable {
    let hub = EventHub(channels: ["a"])
    let calls = Calls()
    let program: EvhttpProgram
    let streams: EvhttpEventStreams

    init(_ program: EvhttpProgram) throws {
      self.program = program
      streams = try EvhttpEventStreams(base: program.base, hub: hub)
      let (streams, calls, handler) = (streams, calls, EventStreamHandler(hub))
      program.general = { request in
        let argument = Unmanaged.passUnretained(calls).toOpaque()
        evhttp_connection_set_closecb(
          evhttp_request_get_connection(request),
          { _, argument in
            Unmanaged<Calls>.fromOpaque(argument!).takeUnretainedValue().closed.add(1, ordering: .relaxed)
          }, argument)
        evhttp_request_set_on_complete_cb(
          request,
          { _, argument in
            Unmanaged<Calls>.fromOpaque(argument!).takeUnretainedValue().completed.add(1, ordering: .relaxed)
          }, argument)
        if !streams.serve(request, with: handler, at: "/events/{channel}") { evhttp_send_error(request, 404, nil) }
      }
      program.start()
    }

    var port: Int { program.port }

    /// Communicates with the server on a separate thread, then ends the server.
    func talk(_ body: @escaping @Sendable (Scene) throws -> Void) async throws {
      let result = await onOwnThread { try body(self) }
      await withCheckedContinuation { continuation in
        program.onLoop {
          self.streams.close()
          self.program.general = nil
          self.program.finish { continuation.resume() }
        }
      }
      try result.get()
    }

    func wait(for what: String, _ condition: () -> Bool) throws {
      let deadline = ContinuousClock.now + .seconds(30)
      while !condition() {
        try require(ContinuousClock.now < deadline, "waited half a minute for \(what)")
        EventSourceTesting.pause()
      }
    }
  }

  @Test func theHostsCallbacksOfAConnectionAndARequestAreCalledOnceEach() async throws {
    try await Scene(EvhttpProgram()).talk { scene in
      let refused = try ClientStream(port: scene.port, "GET", "/events/nowhere")
      try refused.readHead()
      try scene.wait(for: "the completion") { scene.calls.completed.load(ordering: .relaxed) == 1 }
      refused.socket.close()
      try scene.wait(for: "the first close") { scene.calls.closed.load(ordering: .relaxed) == 1 }
      let left = try ClientStream(port: scene.port)
      try left.readHead()
      left.socket.close()
      try scene.wait(for: "the second close") { scene.calls.closed.load(ordering: .relaxed) == 2 }
      let ended = try ClientStream(port: scene.port, fields: ["Connection: close"])
      try ended.readHead()
      scene.hub.removeChannel("a")
      try ended.readToEnd()
      try scene.wait(for: "the third close") { scene.calls.closed.load(ordering: .relaxed) == 3 }
      #expect(scene.calls.completed.load(ordering: .relaxed) == 2)
    }
  }

  @Test func theHostsOwnJobsAreDoneWhileAPublisherNeverRests() async throws {
    let scene = try Scene(EvhttpProgram())
    let publisher = BackgroundPublisher(scene.hub)
    let readers = try (0..<10).map { _ in try BackgroundReader(port: scene.port) }
    for _ in 0..<50 { await scene.program.doOnLoop {} }
    try await scene.talk { _ in
      publisher.stop()
      for reader in readers { reader.stop() }
    }
  }

  @Test func aRateLimitHoldsForStreams() async throws {
    let rate = 10_000
    let program = try EvhttpProgram { base, _ in
      let connection = bufferevent_socket_new(base, -1, Int32(BEV_OPT_CLOSE_ON_FREE.rawValue))
      bufferevent_set_rate_limit(connection, ev_token_bucket_cfg_new(10_000, 10_000, 10_000, 10_000, nil))
      return connection
    }
    try await Scene(program).talk { scene in
      let stream = try ClientStream(port: scene.port)
      try stream.readHead()
      for _ in 0..<100 { try scene.hub.publish(String(repeating: "x", count: 1000), to: "a") }
      let begin = ContinuousClock.now
      try stream.readBody(atLeast: 4 * rate)
      // The first burst and what has accrued since. A slow machine takes longer.
      #expect(ContinuousClock.now - begin > .seconds(2))
    }
  }

  @Test(arguments: ["1.0", "1.1"], [[], ["Connection: close"]])
  func connectionsThatAreFiltersAreServed(version: String, fields: [String]) async throws {
    let program = try EvhttpProgram { base, _ in
      let below = bufferevent_socket_new(base, -1, Int32(BEV_OPT_CLOSE_ON_FREE.rawValue))
      return bufferevent_filter_new(below, pass, pass, Int32(BEV_OPT_CLOSE_ON_FREE.rawValue), nil, nil)
    }
    try await Scene(program).talk { scene in
      let refused = try ClientStream(port: scene.port, "GET", "/events/nowhere", fields: fields, version: version)
      try refused.readHead()
      try refused.readToEnd()
      #expect(refused.status == 404 && refused.body.last == 10)
      let stream = try ClientStream(port: scene.port, fields: fields, version: version, receiveBuffer: 4096)
      try stream.readHead()
      for _ in 0..<200 { try scene.hub.publish(String(repeating: "x", count: 5000), to: "a") }
      try stream.readBody(atLeast: 1_000_000)
      scene.hub.removeChannel("a")
      try stream.readToEnd()
      #expect(String(decoding: stream.body.suffix(20), as: UTF8.self).contains("retry: "))
      try scene.wait(for: "the stream to be forgotten") { scene.hub.statistics.readers == 0 }
    }
  }

  @Test func aMountThatThrowsLeavesNothingThatEndsTheProcess() async throws {
    let scene = try Scene(EvhttpProgram())
    await scene.program.doOnLoop {
      let (hub, http) = (scene.hub, scene.program.http!)
      for paths in [["/hello"], ["/mounted", "/hello"]] {
        #expect(throws: LibeventError.pathInUse("/hello")) {
          // Released without a call of `close()`.
          let streams = try EvhttpEventStreams(base: scene.program.base, hub: hub)
          for path in paths { try streams.mount(EventStreamHandler(hub), on: http, at: path) }
        }
      }
    }
    try await scene.talk { scene in
      let orphaned = try ClientStream(port: scene.port, "GET", "/mounted")
      try orphaned.readHead()
      #expect(orphaned.status == 503)
    }
  }

  @Test func aPathThatEvhttpNeverMatchesIsRefused() async throws {
    let scene = try Scene(EvhttpProgram())
    await scene.program.doOnLoop {
      let (streams, http) = (scene.streams, scene.program.http!)
      #expect(throws: LibeventError.pathNeverMatches("/events/{channel}")) {
        try streams.mount(EventStreamHandler(scene.hub), on: http, at: "/events/{channel}")
      }
      for path in ["/events?x", "/events#x"] {
        #expect(throws: LibeventError.self) {
          try streams.mount(EventStreamHandler(scene.hub), on: http, at: path)
        }
      }
      #expect(throws: LibeventError.invalidPath(.noLeadingSlash("events"))) {
        try streams.mount(EventStreamHandler(scene.hub), on: http, at: "events")
      }
      var configuration = EventStreamHandler.Configuration()
      configuration.channelQueryItem = nil
      let namesNothing = EventStreamHandler(scene.hub, configuration: configuration)
      do {
        try streams.mount(namesNothing, on: http, at: "/nothing")
        Issue.record("a handler is mounted where no request can name a channel")
      } catch LibeventError.invalidConfiguration(let error) {
        #expect(error.property == "channels")
      } catch {
        Issue.record(error)
      }
      #expect(throws: LibeventError.otherHub) {
        try streams.mount(EventStreamHandler(EventHub()), on: http, at: "/other")
      }
    }
    try await scene.talk { _ in }
  }
}

/// Passes on its input unchanged.
private func pass(
  _ source: OpaquePointer?, _ target: OpaquePointer?, _: Int, _: bufferevent_flush_mode,
  _: UnsafeMutableRawPointer?
) -> bufferevent_filter_result {
  guard evbuffer_get_length(source) > 0 else { return BEV_NEED_MORE }
  return evbuffer_remove_buffer(source, target, evbuffer_get_length(source)) >= 0 ? BEV_OK : BEV_ERROR
}
