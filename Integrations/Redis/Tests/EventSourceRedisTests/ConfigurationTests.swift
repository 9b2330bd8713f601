import EventSourceFormat
import EventSourceServer
import Testing

@testable import EventSourceRedis

/// Tests of settings at and beyond their limits.
@Suite struct ConfigurationTests {
  typealias Configuration = RedisEventRepository.Configuration

  private static let forever = Duration.seconds(Int64.max)

  private static let invalid: [(name: String, change: @Sendable (inout Configuration) -> Void)] = [
    ("keyPrefix", { $0.keyPrefix = String(repeating: "é", count: 128) }),
    ("retention.maximumEvents", { $0.retention.maximumEvents = 0 }),
    ("retention.maximumEvents", { $0.retention.maximumEvents = .min }),
    ("retention.maximumAge", { $0.retention.maximumAge = .zero }),
    ("retention.maximumAge", { $0.retention.maximumAge = forever }),
    ("retention.idleExpiry", { $0.retention.idleExpiry = .milliseconds(999) }),
    ("retention.idleExpiry", { $0.retention.idleExpiry = forever }),
    ("durability", { $0.durability = .replicas(0, within: .seconds(1)) }),
    ("durability", { $0.durability = .replicas(65, within: .seconds(1)) }),
    ("durability", { $0.durability = .replicas(1, within: .zero) }),
    ("durability", { $0.durability = .replicas(1, within: .seconds(4)) }),
    ("responseTimeout", { $0.responseTimeout = .nanoseconds(1) }),
    ("responseTimeout", { $0.responseTimeout = forever }),
    ("publishTimeout", { $0.publishTimeout = .seconds(-1) }),
    ("publishTimeout", { $0.publishTimeout = .seconds(3601) }),
    ("probeInterval", { $0.probeInterval = .zero }),
    ("probeInterval", { $0.probeInterval = forever }),
    ("maximumWaitingBytes", { $0.maximumWaitingBytes = 0 }),
    ("maximumReplyBytes", { $0.maximumReplyBytes = (4 << 20) - 1 }),
  ]

  @Test(arguments: 0..<invalid.count)
  func aSettingBeyondItsLimitIsNamed(_ index: Int) async {
    var configuration = Configuration()
    Self.invalid[index].change(&configuration)
    let error = #expect(throws: ConfigurationError.self) { try configuration.validate() }
    #expect(error?.property == Self.invalid[index].name)
    let opening = await #expect(throws: RedisHistoryError.self) {
      try await RedisEventRepository([RedisServer(.host("127.0.0.1", port: 1))], configuration: configuration)
    }
    guard case .invalidConfiguration(let reason) = opening else {
      Issue.record("\(String(describing: opening))")
      return
    }
    #expect(reason.hasPrefix(Self.invalid[index].name))
  }

  @Test(arguments: [
    RedisServer(.sentinels([], master: "m")), RedisServer(.sentinels([.init(host: "a")], master: "")),
    RedisServer(.sentinels([.init(host: "", port: 1)], master: "m")),
    RedisServer(.sentinels([.init(host: "a", port: 0)], master: "m")), RedisServer(.host("a", port: 65_536)),
    RedisServer(.host("a", port: -1)), RedisServer(.host("", port: 1)), RedisServer(.unixSocket(path: "")),
    RedisServer(.unixSocket(path: String(repeating: "x", count: 104))), RedisServer(.host("a", port: 1), database: -1),
    RedisServer(.host("a", port: 1), user: "anna"),
  ])
  func anInvalidAddressIsRejectedWhenOpening(_ server: RedisServer) async {
    let error = await #expect(throws: RedisHistoryError.self) { try await RedisEventRepository([server]) }
    guard case .invalidAddress = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func noServerIsRejected() async {
    await #expect(throws: RedisHistoryError.invalidConfiguration("there is no server")) {
      try await RedisEventRepository([])
    }
  }

  @Test func aServerWorksWithEverySettingAtItsLimit() async throws {
    try await RedisProcess.run { server in
      for isLargest in [true, false] {
        var configuration = Configuration()
        configuration.keyPrefix = isLargest ? String(repeating: "x", count: 255) : ""
        configuration.retention.maximumEvents = isLargest ? .max : 1
        configuration.retention.maximumAge = isLargest ? .seconds(36_500 * 86_400) : .milliseconds(1)
        configuration.retention.idleExpiry = isLargest ? .seconds(36_500 * 86_400) : .seconds(1)
        configuration.responseTimeout = isLargest ? .seconds(86_400) : .seconds(3)
        configuration.publishTimeout = isLargest ? .seconds(3600) : .seconds(3)
        configuration.probeInterval = isLargest ? .seconds(86_400) : .milliseconds(10)
        // With fewer bytes, a request is rejected while another one waits.
        configuration.maximumWaitingBytes = isLargest ? .max : 1 << 16
        configuration.maximumReplyBytes = isLargest ? .max : 4 << 20
        let repository = try await RedisEventRepository([server.server], configuration: configuration)
        defer { repository.close() }
        let last = try await repository.append([ServerSentEvent(data: "1"), ServerSentEvent(data: "2")], to: "news")[1]
        #expect(try await repository.newestPlace(in: "news")?.id == last)
        let node = TestNode(repository)
        defer { node.end() }
        let reader = try await node.connect("news")
        // The smallest age trims an event before a hole is filled, so the reader may miss one.
        try await eventually {
          guard reader.data.isEmpty else { return true }
          _ = try await node.publish("3")
          return false
        }
        #expect(Set(reader.data) == ["3"])
      }
    }
  }

  @Test(arguments: [
    ("OOM command not allowed", RedisHistoryError.outOfMemory(server: "s")),
    ("ERR Error running script: -OOM command not allowed", .outOfMemory(server: "s")),
    ("WRONGTYPE Operation against a key", .wrongType(server: "s", channel: "c")),
    ("ERR user_script:1: WRONGTYPE Operation", .wrongType(server: "s", channel: "c")),
    ("READONLY You can't write", .readOnly(server: "s", reason: "READONLY You can't write")),
    ("MISCONF Redis is configured", .readOnly(server: "s", reason: "MISCONF Redis is configured")),
    ("NOREPLICAS Not enough", .readOnly(server: "s", reason: "NOREPLICAS Not enough")),
    ("NOPERM no", .notPermitted(server: "s", reason: "NOPERM no")),
    ("NOAUTH Authentication required", .notPermitted(server: "s", reason: "NOAUTH Authentication required")),
    ("ERR AUTH <password> called", .notPermitted(server: "s", reason: "ERR AUTH <password> called")),
    ("ERR something", .failed(server: "s", reason: "ERR something")), ("", .failed(server: "s", reason: "")),
  ])
  func anErrorReplyBecomesATypedError(_ reply: String, _ expected: RedisHistoryError) {
    #expect(RedisHistoryError(reply: reply, server: "s", channel: "c") == expected)
    #expect(!expected.description.isEmpty && !expected.description.contains("\n"))
  }
}
