import EventSourceRedis
import Testing

/// Tests of servers that are too old, hostile or silent.
@Suite struct ScriptedServerTests {
  private func opening(_ answers: @escaping @Sendable (String) -> String) async -> RedisHistoryError? {
    let server = ScriptedServer(answers)
    defer { server.end() }
    do {
      try await RedisEventRepository(
        [RedisServer(.unixSocket(path: server.path))], configuration: .quick { $0.responseTimeout = .seconds(2) }
      ).close()
      return nil
    } catch {
      return error as? RedisHistoryError
    }
  }

  @Test(arguments: ["6.2.14", "2.8.0", "", "x", "-7"])
  func aServerOlderThanVersion7IsRejectedWhenOpening(_ version: String) async {
    let info = "redis_version:\(version)\r\nrole:master\r\n"
    let error = await opening { $0.contains("INFO") ? "$\(info.utf8.count)\r\n\(info)\r\n*0\r\n" : "+PONG\r\n" }
    guard case .unsupportedVersion(_, version) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.description.contains("7.0 or later") == true)
  }

  @Test(arguments: [
    "HTTP/1.1 400 Bad Request\r\n\r\n", "*100000000\r\n", "$-2\r\n", ":x\r\n", "+OK\r\n", "*0\r\n*0\r\n*0\r\n",
    "-LOADING Redis is loading\r\n-ERR x\r\n", "$1000000000000\r\n",
  ])
  func aServerWithInvalidRepliesIsRejected(_ answer: String) async {
    #expect(await opening { _ in answer } != nil)
  }

  @Test func aServerThatIsLoadingIsRejectedWhenOpening() async {
    let info = "redis_version:7.2.4\r\nrole:master\r\nloading:1\r\naof_enabled:0\r\n"
    let error = await opening { $0.contains("INFO") ? "$\(info.utf8.count)\r\n\(info)\r\n*0\r\n" : "+PONG\r\n" }
    guard case .unreachable = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func aSilentServerIsRejectedInTime() async {
    let error = await opening { _ in "" }
    guard case .timedOut = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func aSentinelThatKnowsNoMasterIsNamed() async {
    let sentinels = [RedisServer.Sentinel(host: "127.0.0.1", port: freePort())]
    let error = await #expect(throws: RedisHistoryError.self) {
      try await RedisEventRepository([RedisServer(.sentinels(sentinels, master: "mymaster"))])
    }
    guard case .noMaster("mymaster", _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
