import EventSourceServer
import EventSourceTesting
import Testing

@Suite struct CrossOriginTests {
  private let hub = EventHub(channels: ["news"], configuration: .test)

  private func head(
    _ policy: CrossOriginPolicy, origin: String?, method: String = "GET", fields: [HeaderField] = []
  ) -> EventStreamResponseHead? {
    let stack = SimulatedStack(hub: hub)
    let request = SimulatedRequest(
      method: method, fields: (origin.map { [HeaderField("Origin", $0)] } ?? []) + fields)
    let handler = EventStreamHandler(hub, configuration: .with { $0.crossOrigin = policy })
    let connection = stack.connect(handler, request, channels: ["news"])
    stack.run()
    return connection.response.head
  }

  private func fields(
    _ policy: CrossOriginPolicy, origin: String?, method: String = "GET", fields: [HeaderField] = []
  ) -> [String: String] {
    let head = head(policy, origin: origin, method: method, fields: fields)
    #expect(head?.status == (method == "OPTIONS" ? 204 : 200))
    let relevant = (head?.fields ?? []).filter { $0.name == "Vary" || $0.name.hasPrefix("Access-Control") }
    return Dictionary(uniqueKeysWithValues: relevant.map { ($0.name, $0.value) })
  }

  @Test func otherOriginsAreAdmittedAsThePolicySays() {
    let listed = CrossOriginPolicy(.listed(["https://a.example", "https://b.example"]), allowsCredentials: true)
    #expect(fields(.sameOriginOnly, origin: "https://a.example").isEmpty)
    #expect(fields(CrossOriginPolicy(.any), origin: "https://a.example") == ["Access-Control-Allow-Origin": "*"])
    #expect(fields(listed, origin: "https://c.example") == ["Vary": "Origin"])
    #expect(fields(listed, origin: "null") == ["Vary": "Origin"])
    #expect(fields(listed, origin: nil) == ["Vary": "Origin"])
    #expect(
      fields(listed, origin: "https://b.example") == [
        "Vary": "Origin", "Access-Control-Allow-Origin": "https://b.example",
        "Access-Control-Allow-Credentials": "true",
      ])
  }

  @Test func aFunctionMayDecideAboutOrigins() {
    let policy = CrossOriginPolicy(.matching { $0.hasPrefix("https://") && $0.hasSuffix(".preview.example") })
    #expect(
      fields(policy, origin: "https://branch.preview.example") == [
        "Vary": "Origin", "Access-Control-Allow-Origin": "https://branch.preview.example",
      ])
    #expect(fields(policy, origin: "http://branch.preview.example") == ["Vary": "Origin"])
    let all = CrossOriginPolicy(.matching { _ in true })
    #expect(fields(all, origin: "https://a\r\nSet-Cookie: b") == ["Vary": "Origin"])
    let two = [HeaderField("Origin", "https://b.example")]
    #expect(fields(all, origin: "https://a.example", fields: two) == ["Vary": "Origin"])
  }

  @Test func policiesWithTheSameFunctionAreEqual() {
    let policy = CrossOriginPolicy(.matching { _ in true })
    #expect(Set([policy, policy]).count == 1)
    #expect(policy != CrossOriginPolicy(.matching { _ in true }))
  }

  @Test func aPreflightIsAnsweredWithTheFieldsAClientSends() {
    let policy = fields(CrossOriginPolicy(.any), origin: "https://a.example", method: "OPTIONS")
    #expect(
      policy == [
        "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET, HEAD",
        "Access-Control-Allow-Headers": "Accept, Authorization, Cache-Control, Content-Type, Last-Event-ID",
        "Access-Control-Max-Age": "3600",
      ])
    #expect(fields(.sameOriginOnly, origin: "https://a.example", method: "OPTIONS").isEmpty)
    let listed = CrossOriginPolicy(.listed(["https://a.example"]))
    #expect(fields(listed, origin: "https://b.example", method: "OPTIONS") == ["Vary": "Origin"])
  }

  @Test func methodsAndFieldsOfTheProgramsOwnAreAllowedAndExposed() {
    var policy = CrossOriginPolicy(.any, preflightAge: .zero)
    policy.allowedMethods = ["GET", "POST"]
    policy.allowedFields = ["X-API-Key"]
    policy.exposedFields = ["Retry-After", "X-Request-ID"]
    let preflight = fields(policy, origin: "https://a.example", method: "OPTIONS")
    #expect(preflight["Access-Control-Allow-Methods"] == "GET, POST")
    #expect(preflight["Access-Control-Allow-Headers"] == "X-API-Key")
    #expect(preflight["Access-Control-Max-Age"] == "0")
    #expect(preflight["Access-Control-Expose-Headers"] == nil)
    let stream = fields(policy, origin: "https://a.example")
    #expect(stream["Access-Control-Expose-Headers"] == "Retry-After, X-Request-ID")
    policy.origins = .listed(["https://a.example"])
    #expect(fields(policy, origin: "https://b.example") == ["Vary": "Origin"])
  }

  @Test func aPrivateNetworkIsOpenedOnlyIfThePolicySaysSoAndThePreflightAsks() {
    let asks = [HeaderField("Access-Control-Request-Private-Network", "true")]
    let name = "Access-Control-Allow-Private-Network"
    var policy = CrossOriginPolicy(.listed(["https://a.example"]))
    #expect(fields(policy, origin: "https://a.example", method: "OPTIONS", fields: asks)[name] == nil)
    policy.allowsPrivateNetwork = true
    #expect(fields(policy, origin: "https://a.example", method: "OPTIONS", fields: asks)[name] == "true")
    #expect(fields(policy, origin: "https://a.example", method: "OPTIONS")[name] == nil)
    #expect(fields(policy, origin: "https://b.example", method: "OPTIONS", fields: asks)[name] == nil)
    #expect(fields(policy, origin: "https://a.example", fields: asks)[name] == nil)
  }

  @Test func aRefusalIsReadableByOtherOriginsToo() {
    let head = head(CrossOriginPolicy(.any), origin: "https://a.example", method: "POST")
    #expect(head?.status == 405 && head?.fields.values(of: "Access-Control-Allow-Origin") == ["*"])
  }

  @Test(arguments: [
    "https://example.org", "http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:3000",
    "https://[2001:db8::1]",
    "https://xn--bcher-kva.example", "http://example.org:443", "https://example.org:80", "https://a_b.example",
    "https://example.org.", "chrome-extension://abcdefgh", "moz-extension://6a1f-22", "capacitor://localhost",
  ])
  func anOriginAsABrowserSendsItIsAllowed(origin: String) throws {
    try CrossOriginPolicy(.listed([origin])).validate()
  }

  @Test(arguments: [
    "", "*", "null", "example.org", "//example.org", "https://", "https://example.org/", "https://example.org/app",
    "https://example.org?x", "https://example.org#x", "HTTPS://example.org", "https://Example.org",
    "https://*.example.org",
    "https://*", "https://bücher.example", "https://example.org:443", "http://example.org:80", "http://example.org:",
    "http://example.org:0", "http://example.org:080", "http://example.org:65536", "http://example.org:+81",
    "http://example.org:81:82", "https://user@example.org", "https://example.org, https://example.net",
    "https://example.org https://example.net", " https://example.org", "https://example.org\n", "https://a..example",
    "https://.example", "https://[::1", "https://::1", "https://[::1]x", "https://[::A]", "https://exa%6Dple.org",
    "1http://example.org", "http:/example.org", "http:///example.org", "https://.",
  ])
  func anOriginThatNoBrowserSendsIsRefused(origin: String) {
    #expect(throws: ConfigurationError.self) { try CrossOriginPolicy(.listed([origin])).validate() }
    #expect(throws: ConfigurationError.self) {
      try EventStreamHandler.Configuration.with {
        $0.crossOrigin = CrossOriginPolicy(.listed(["https://example.org", origin]))
      }.validate()
    }
  }

  @Test func aPolicyThatCannotBeMeantIsRefused() {
    let changes: [(inout CrossOriginPolicy) -> Void] = [
      {
        $0.origins = .any; $0.allowsCredentials = true
      },
      { $0.allowedFields = ["X-A, X-B"] }, { $0.allowedFields = [""] }, { $0.allowedFields = ["X A"] },
      { $0.exposedFields = ["X-A\r\nX-B"] }, { $0.allowedMethods = ["GET,POST"] },
      {
        $0.allowsCredentials = true; $0.allowedFields = ["*"]
      },
      { $0.preflightAge = .seconds(-1) }, { $0.preflightAge = .seconds(86_401) },
    ]
    for change in changes {
      var policy = CrossOriginPolicy(.listed(["https://example.org"]))
      change(&policy)
      #expect(throws: ConfigurationError.self, "\(policy)") { try policy.validate() }
    }
  }
}
