import CLibevent
import EventSourceLibevent
import EventSourceServer
import EventSourceTesting
import Foundation
import FoundationNetworking
import Testing

/// Tests of event streams in a program that already has an evhttp server.
@Suite(.serialized) struct EvhttpEventStreamsTests {
  // Sendable, because after `init` everything except `hub` is used on the base's thread.
  private final class Scene: @unchecked Sendable {
    let hub = EventHub(channels: ["news"])
    let program: EvhttpProgram
    let streams: EvhttpEventStreams

    init() throws {
      program = try EvhttpProgram()
      streams = try EvhttpEventStreams(base: program.base, hub: hub)
      var configuration = EventStreamHandler.Configuration()
      configuration.channels = ["news"]
      try streams.mount(EventStreamHandler(hub, configuration: configuration), on: program.http!, at: "/events")
      program.start()
    }

    func end() async {
      await withCheckedContinuation { continuation in
        program.onLoop {
          self.streams.close()
          self.program.finish { continuation.resume() }
        }
      }
    }
  }

  private func get(_ scene: Scene, _ path: String) async throws -> (status: Int, body: String) {
    let url = URL(string: "http://127.0.0.1:\(scene.program.port)\(path)")!
    let (data, response) = try await URLSession.shared.data(from: url)
    return ((response as? HTTPURLResponse)?.statusCode ?? 0, String(decoding: data, as: UTF8.self))
  }

  /// Opens a stream and reads it to its end in a task. Returns when the stream is open.
  private func reading(_ scene: Scene) async throws -> Task<String?, Never> {
    let reading = Task { try? await get(scene, "/events").body }
    while await scene.program.doOnLoop({ scene.hub.statistics.streamsOpened }) == 0 { await Task.yield() }
    return reading
  }

  @Test func theProgramsOwnRoutesStayWhatTheyAre() async throws {
    let scene = try Scene()
    let reading = try await reading(scene)
    #expect(try await get(scene, "/hello") == (200, "hello\n"))
    #expect(try await get(scene, "/nowhere").status == 404)
    #expect(try await get(scene, "/events/more").status == 404)
    try scene.hub.publish("seen", to: "news")
    scene.hub.close()
    let body = await reading.value ?? ""
    #expect(body.contains("data: seen\nid: ") && body.contains("\n\nretry: "))
    await scene.end()
  }

  @Test func aPathThatIsTakenIsSaid() async throws {
    let scene = try Scene()
    await scene.program.doOnLoop {
      let handler = EventStreamHandler(scene.hub)
      #expect(throws: LibeventError.pathInUse("/hello")) {
        try scene.streams.mount(handler, on: scene.program.http!, at: "/hello")
      }
      #expect(throws: LibeventError.self) { try scene.streams.mount(handler, on: scene.program.http!, at: "events") }
    }
    await scene.end()
  }

  @Test func whatIsUnmountedIsNotServedAndOpenStreamsGoOn() async throws {
    let scene = try Scene()
    let reading = try await reading(scene)
    await scene.program.doOnLoop { scene.streams.unmount(from: scene.program.http!) }
    #expect(try await get(scene, "/events").status == 404)
    try scene.hub.publish("still here", to: "news")
    scene.hub.close()
    #expect(await reading.value?.contains("data: still here") == true)
    await scene.end()
  }

  @Test func theServerMayBeFreedWhileStreamsAreOpen() async throws {
    let scene = try Scene()
    let reading = try await reading(scene)
    await scene.program.doOnLoop { scene.program.freeServer() }
    _ = await reading.value
    #expect(await scene.program.doOnLoop { scene.streams.readerCount } == 0)
    try scene.hub.publish("nobody hears", to: "news")
    await scene.end()
  }

  @Test func drainingTellsOnceWhenNothingIsLeftAndEverythingMayBeFreedThen() async throws {
    let scene = try Scene()
    let reading = try await reading(scene)
    try scene.hub.publish("last", to: "news")
    await withCheckedContinuation { continuation in
      scene.program.onLoop {
        scene.streams.drain(over: .milliseconds(20)) {
          #expect(scene.streams.readerCount == 0)
          scene.program.freeServer()
          scene.streams.close()
          continuation.resume()
        }
      }
    }
    let body = await reading.value ?? ""
    #expect(body.contains("data: last\nid: ") && body.contains("\n\nretry: "))
    await scene.end()
  }

  @Test func theStreamsMayBeClosedWhileTheyAreOpen() async throws {
    let scene = try Scene()
    let reading = try await reading(scene)
    await scene.program.doOnLoop { scene.streams.close() }
    _ = await reading.value
    // The mount still exists and rejects requests.
    #expect(try await get(scene, "/events").status == 503)
    #expect(try await get(scene, "/hello").status == 200)
    #expect(scene.hub.statistics.readers == 0)
    await scene.end()
  }
}
