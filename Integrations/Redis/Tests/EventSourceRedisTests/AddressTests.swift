import EventSourceRedis
import Testing

/// Tests of addresses in the forms that users write.
@Suite struct AddressTests {
  @Test func addressesAreRead() throws {
    #expect(try RedisServer(url: "redis://localhost") == RedisServer(.host("localhost", port: 6379)))
    #expect(
      try RedisServer(url: "redis://anna:s%40cret@10.0.0.1:7000/3")
        == RedisServer(.host("10.0.0.1", port: 7000), user: "anna", password: "s@cret", database: 3))
    #expect(
      try RedisServer(url: "redis://:word@[::1]:7000") == RedisServer(.host("::1", port: 7000), password: "word"))
    #expect(try RedisServer(url: "redis+unix:/run/redis.sock") == RedisServer(.unixSocket(path: "/run/redis.sock")))
    #expect(try RedisServer(url: "redis+unix:///run/redis.sock") == RedisServer(.unixSocket(path: "/run/redis.sock")))
    let sentinels = [RedisServer.Sentinel(host: "a"), RedisServer.Sentinel(host: "b", port: 5)]
    #expect(
      try RedisServer(url: "redis+sentinel://a,b:5/mymaster/2")
        == RedisServer(.sentinels(sentinels, master: "mymaster"), database: 2))
  }

  @Test(arguments: [
    "", "localhost", "http://localhost", "redis://", "redis://host:0", "redis://host:65536", "redis://host:x",
    "redis://host/x", "redis://host/1/2", "redis://a,b", "redis://word@host", "redis://:%4@host", "redis+unix:",
    "redis+sentinel://a", "redis+sentinel://a/", "redis://[::1", "redis://[::1]x",
    "redis+unix:/" + String(repeating: "x", count: 200),
  ])
  func invalidAddressesAreRejected(_ url: String) {
    #expect(throws: RedisHistoryError.self) { try RedisServer(url: url) }
  }

  @Test func secretsAreNotInDescriptionsAndErrors() throws {
    let server = try RedisServer(url: "redis://anna:secret@host:7000")
    #expect(server.description == "host:7000")
    for url in ["rediss://anna:secret@host", "redis://anna:secret@host/x", "http://anna:secret@host"] {
      let error = #expect(throws: RedisHistoryError.self) { try RedisServer(url: url) }
      #expect(error.map { $0.description.contains("secret") } == false)
    }
    #expect(throws: RedisHistoryError.noTLS(server: "rediss://…@host")) { try RedisServer(url: "rediss://a:b@host") }
  }
}
