import Synchronization

internal import EventSourceServer

/// Commands and scripts.
extension RedisEventRepository {
  enum Script: String, CaseIterable {
    case append, read

    var text: String {
      switch self {
      case .append: RedisScripts.append
      case .read: RedisScripts.read
      }
    }
  }

  func key(_ name: String) -> String { configuration.keyPrefix + name }

  /// Returns the keys of a channel, in the order that the scripts expect.
  func keys(_ channel: ChannelName) -> [String] {
    ["s:", "m:", "i:", "z:", "a:"].map { key($0 + channel.rawValue) }
  }

  /// Returns the name of a channel's messages. All databases of a server share these names.
  func messageName(_ channel: ChannelName, _ node: RedisNode) -> String {
    messagePrefix(node) + channel.rawValue
  }

  func messagePrefix(_ node: RedisNode) -> String {
    key(node.server.database == 0 ? "p:" : "p\(node.server.database):")
  }

  /// Runs a script by its digest, or by its text if the server does not know the digest.
  func run(
    _ script: Script, keys: [String], _ arguments: [RedisCommand.Argument], on node: RedisNode, until end: Int64,
    waitsFor durability: Durability = .server
  ) async throws -> RedisReply {
    let rest = [.text("\(keys.count)")] + keys.map { RedisCommand.Argument.text($0) } + arguments
    var reply = try await ask(
      RedisCommand([.text("EVALSHA"), .text(ScriptDigests.shared[script])] + rest), node, end, durability)
    if case .error(let text) = reply, text.hasPrefix("NOSCRIPT") {
      reply = try await ask(RedisCommand([.text("EVAL"), .text(script.text)] + rest), node, end, durability)
    }
    return reply
  }

  /// Sends a command and awaits its reply.
  func ask(
    _ command: RedisCommand, _ node: RedisNode, _ end: Int64, _ durability: Durability = .server
  ) async throws -> RedisReply {
    let deadline = min(end, RedisLoop.now + configuration.responseTimeout.asNanoseconds)
    guard case .replicas(let count, let time) = durability else { return try await send(command, node, deadline) }
    // Both commands are sent together on one connection: `WAIT` applies to the writes of the first.
    let milliseconds = max(1, time.asNanoseconds / 1_000_000)
    async let reply = send(command, node, deadline)
    async let confirmed = send(RedisCommand("WAIT", "\(count)", "\(milliseconds)"), node, deadline + time.asNanoseconds)
    let result = try await reply
    guard case .integer(let number) = try await confirmed, result.text != nil else { return result }
    guard number >= count else {
      throw RedisHistoryError.tooFewReplicas(
        server: node.server.description, confirmed: Int(number), required: count)
    }
    return result
  }

  private func send(_ command: RedisCommand, _ node: RedisNode, _ deadline: Int64) async throws -> RedisReply {
    let size = command.bytes.count
    let limit = configuration.maximumWaitingBytes
    let isAccepted = node.state.withLock { state in
      guard state.waitingBytes == 0 || state.waitingBytes + size <= limit else { return false }
      state.waitingBytes += size
      return true
    }
    guard isAccepted else { throw RedisHistoryError.overloaded(server: node.server.description, limit: limit) }
    let received = ReceivedReply()
    await withCheckedContinuation { continuation in
      let request = RedisRequest(command, deadline: deadline) { result in
        node.state.withLock { $0.waitingBytes -= size }
        received.result.withLock { $0 = result }
        continuation.resume()
      }
      let index = node.index
      if commandLoop?.perform({ $0.connections[index].send(request) }) != true {
        request.finish(.failure(.init(error: .closed, mayHaveHappened: false)))
      }
    }
    return try received.result.withLock { $0! }.get()
  }

  /// The result of a request. It is passed under a lock because the thread sanitizer does not see that a continuation
  /// orders the accesses of two threads.
  private final class ReceivedReply: Sendable {
    let result = Mutex<Result<RedisReply, RedisRequest.Failure>?>(nil)
  }

  func failure(_ reply: RedisReply, _ node: RedisNode, _ channel: ChannelName) -> RedisHistoryError {
    guard case .error(let text) = reply else {
      return .invalidReply(server: node.server.description, reason: "an answer of another type")
    }
    return RedisHistoryError(reply: text, server: node.server.description, channel: channel.rawValue)
  }
}

/// The digests that identify the scripts on a server.
final class ScriptDigests: Sendable {
  static let shared = ScriptDigests()

  private let digests: [RedisEventRepository.Script: String]

  init() {
    var digests: [RedisEventRepository.Script: String] = [:]
    for script in RedisEventRepository.Script.allCases { digests[script] = SHA1.hex(Array(script.text.utf8)) }
    self.digests = digests
  }

  subscript(script: RedisEventRepository.Script) -> String { digests[script]! }
}
