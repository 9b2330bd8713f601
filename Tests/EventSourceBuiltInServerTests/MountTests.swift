import EventSourceBuiltInServer
import EventSourceServer
import Testing

@Suite struct MountTests {
  @Test func aMountAtWhichNoRequestCanNameAChannelStopsTheProgram() async {
    await #expect(processExitsWith: .failure) {
      var configuration = EventStreamHandler.Configuration()
      configuration.channelQueryItem = nil
      let hub = EventHub(channels: ["news"])
      BuiltInServer().mount(EventStreamHandler(hub, configuration: configuration), at: "/events")
    }
    await #expect(processExitsWith: .success) {
      var configuration = EventStreamHandler.Configuration()
      configuration.channelQueryItem = nil
      let hub = EventHub(channels: ["news"])
      BuiltInServer().mount(EventStreamHandler(hub, configuration: configuration), at: "/events/{channel}")
      configuration.channels = ["news"]
      BuiltInServer().mount(EventStreamHandler(hub, configuration: configuration), at: "/events")
    }
  }
}

extension OverASocket {
  /// Tests which channels are read at a mounted path.
  struct MountedPathTests {
    @Test func thePathNamesWhatIsReadAndNothingElseDoes() async throws {
      let hub = EventHub(channels: ["public", "staff"])
      try await withServer(
        routes: { server in
          server.mount(EventStreamHandler(hub), at: "/events/{channel}")
          server.mount(EventStreamHandler(hub), at: "/events")
        }
      ) { _, address in
        let client = try TestClient(address)
        for target in ["/events/public?channel=staff", "/events/public?%63hannel=staff"] {
          let response = try await client.exchange(get(target))
          #expect(response.status == 400 && response.text.contains("the path names what is read"))
        }
        client.send(get("/events?channel=public&channel=staff"))
        _ = try await client.take(until: "\r\n\r\n")
        try hub.publish("for staff", to: "staff")
        #expect(try await client.take(until: "\n\n").contains("data: for staff\n"))
      }
    }
  }
}
