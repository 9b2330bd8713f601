import EventSourceServer
import Testing

/// Tests that a configuration that can never match or work is rejected.
@Suite struct ConfigurationTests {
  typealias Change = @Sendable (inout EventStreamHandler.Configuration) -> Void

  private func property(_ change: Change) -> String? {
    do {
      try EventStreamHandler.Configuration.with(change).validate()
      return nil
    } catch {
      #expect(!"\(error)".contains("\n"))
      return error.property
    }
  }

  @Test func anEndpointThatCannotBeMeantIsRefused() {
    let refused: [(String, Change)] = [
      ("channels", { $0.channels = ["a", "b", "a"] }),
      (
        "channels",
        {
          $0.channels = ["a", "b"]; $0.maximumChannelsPerStream = 1
        }
      ),
      ("crossOrigin", { $0.crossOrigin = CrossOriginPolicy(.any, allowsCredentials: true) }),
      ("gapPolicy", { $0.gapPolicy = .reject(status: 200) }),
      ("gapPolicy", { $0.gapPolicy = .reject(status: .max) }),
      ("openingComment", { $0.openingComment = "a\nb" }),
      ("openingComment", { $0.openingComment = "a\rb" }),
      ("openingComment", { $0.openingComment = "a\0b" }),
      ("openingComment", { $0.openingComment = String(repeating: "x", count: 65_537) }),
      ("lastEventIDQueryItems", { $0.lastEventIDQueryItems = ["after", "channel"] }),
    ]
    for (name, change) in refused { #expect(property(change) == name) }
    #expect(property { $0.channels = ["a", "b"] } == nil)
    #expect(property { $0.openingComment = String(repeating: " ", count: 2048) } == nil)
    #expect(property { $0.lastEventIDQueryItems = [] } == nil)
  }

  @Test(arguments: [
    "", " ", "a b", "?channel", "channel=", "a&b", "#a", "channel%5B%5D", "a+b", "a;b", "a\n", "\u{7F}",
  ])
  func aNameThatNoQueryItemHasIsRefused(name: String) {
    #expect(property { $0.channelQueryItem = name } == "channelQueryItem")
    #expect(property { $0.lastEventIDQueryItems = ["lastEventID", name] } == "lastEventIDQueryItems")
  }

  @Test(arguments: ["c", "channel[]", "channel.name", "日本", "$channel"])
  func anotherNameIsNot(name: String) {
    #expect(property { $0.channelQueryItem = name } == nil)
  }

  @Test(arguments: [
    "Content-Length", "content-length", "CONTENT-LENGTH", "Transfer-Encoding", "Connection", "Keep-Alive", "Date",
    "Trailer", "TE", "Upgrade", "Proxy-Connection", "Content-Range", "Content-Type", "cache-control",
    "X-Accel-Buffering", "", " ", "X A", "X-A:", "X-Ä", "(X)",
  ])
  func aFieldThatCannotBeAddedIsRefused(name: String) {
    #expect(property { $0.fields = [HeaderField("X-A", "b"), HeaderField(name, "5")] } == "fields")
  }

  @Test func fieldsOfTheCrossOriginPolicyAreRefusedWhereThePolicySendsThem() {
    let field = HeaderField("access-control-allow-origin", "*")
    #expect(property { $0.fields = [field] } == nil)
    #expect(
      property {
        $0.fields = [field]; $0.crossOrigin = CrossOriginPolicy(.any)
      } == "fields")
  }

  @Test func aValueWithALineBreakIsRefused() {
    #expect(property { $0.fields = [HeaderField("X", "a\r\nSet-Cookie: b")] } == "fields")
    #expect(property { $0.fields = [HeaderField("X", "a\0")] } == "fields")
    #expect(
      property { $0.fields = [HeaderField("Set-Cookie", "a=b"), HeaderField("Vary", "Cookie")] } == nil)
  }

  @Test func aMountAtWhichNoRequestCanNameAChannelIsRefused() throws {
    var configuration = EventStreamHandler.Configuration()
    for pattern in ["/events", "/events/{channel}", "/{name}"] as [PathPattern] {
      try configuration.validate(mountedAt: pattern)
    }
    configuration.channelQueryItem = nil
    try configuration.validate(mountedAt: "/events/{channel}")
    for pattern in ["/events", "/events/{name}"] as [PathPattern] {
      #expect(throws: ConfigurationError.self) { try configuration.validate(mountedAt: pattern) }
    }
    configuration.channels = ["news"]
    try configuration.validate(mountedAt: "/events")
    configuration.stallTimeout = .zero
    #expect(throws: ConfigurationError.self) { try configuration.validate(mountedAt: "/events") }
  }

  @Test func aHubThatCannotBeMeantIsRefused() {
    for change in [
      { $0.idPrefix = "a-b" }, { $0.idPrefix = "" }, { $0.idPrefix = "ä" }, { $0.retention.maximumBytes = 0 },
    ]
      as [@Sendable (inout EventHub.Configuration) -> Void]
    {
      #expect(throws: ConfigurationError.self) { try EventHub.Configuration.test(change).validate() }
    }
  }
}
