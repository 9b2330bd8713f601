internal import EventSourceServer

/// A connection to a server. It connects, logs in, pipelines requests and matches each reply to its request. After a
/// failure it reconnects, with a pause in between. Confined to its loop's thread.
final class RedisConnection {
  /// The purpose of a connection.
  enum Role {
    case commands
    /// Every reply after the login is a message.
    case subscriptions
  }

  /// Properties of a server that are read when a connection is opened.
  struct Greeting {
    /// Whether a restart of the server loses nothing, because it writes every command to its disk before it replies and
    /// no replica replaces it.
    var losesNothing = false
  }

  private enum Phase {
    /// Not connected; the next attempt is at this time.
    case closed(until: Int64)
    /// Connecting, until this time at the latest.
    case connecting(until: Int64)
    /// Logging in, with the remaining steps.
    case greeting([Step], until: Int64)
    case ready
  }

  private enum Step {
    case ignored
    case login
    case info
    case durability
    case master
  }

  private static let firstPause: Int64 = 50_000_000
  private static let longestPause: Int64 = 2_000_000_000

  let server: RedisServer
  let role: Role
  private let responseTimeout: Int64
  private let maximumReplyBytes: Int
  private var phase = Phase.closed(until: 0)
  private var socket: RedisSocket?
  private var reader: ReplyReader
  private var output: [UInt8] = []
  private var written = 0
  /// Requests that have been or will be sent, in the order of their replies.
  private var pending: ArraySlice<RedisRequest> = []
  private var failures = 0
  private var isAskingSentinel = false
  private var sentinelIndex = 0
  /// The Sentinels that failed in the current attempt.
  private var failedSentinels = 0
  /// The index of the address to connect to, and of the next one if the host's name has more.
  private var address = 0
  private var nextAddress: Int?
  private var master: RedisServer.Location?
  private var greeting = Greeting()
  private(set) var lastError: RedisHistoryError?
  /// Called on the loop's thread.
  var onReady: ((Greeting) -> Void)?
  var onLost: ((RedisHistoryError) -> Void)?
  var onMessage: ((RedisReply) -> Void)?

  init(_ server: RedisServer, _ role: Role, responseTimeout: Int64, maximumReplyBytes: Int) {
    self.server = server
    self.role = role
    self.responseTimeout = responseTimeout
    self.maximumReplyBytes = maximumReplyBytes
    reader = ReplyReader(maximumBytes: maximumReplyBytes)
  }

  var isReady: Bool { if case .ready = phase { true } else { false } }

  /// The descriptor and whether there is output to write. `nil` if there is no connection.
  var interest: (descriptor: Int32, writes: Bool)? {
    guard let descriptor = socket?.descriptor else { return nil }
    if case .connecting = phase { return (descriptor, true) }
    return (descriptor, written < output.count)
  }

  /// The time at which the next action is due.
  var deadline: Int64 {
    switch phase {
    case .closed(let until), .connecting(let until), .greeting(_, let until): until
    case .ready: pending.first?.deadline ?? .max
    }
  }

  func send(_ request: RedisRequest) {
    switch phase {
    case .closed where failures > 0:
      // The last attempt failed, and the next one is scheduled.
      request.finish(.failure(.init(error: lastError ?? unreachable("it is not connected"), mayHaveHappened: false)))
    case .closed, .connecting, .greeting: pending.append(request)
    case .ready:
      pending.append(request)
      output += request.bytes
    }
  }

  /// Sends a command whose replies are messages.
  func sendWithoutAnswer(_ command: RedisCommand) { if isReady { output += command.bytes } }

  /// Performs the actions that are due.
  func look(at now: Int64) {
    switch phase {
    case .closed(let until): if until <= now { open(at: now) }
    case .connecting(let until), .greeting(_, let until):
      if until <= now {
        lose(isAskingSentinel ? noMaster("it does not answer") : .timedOut(server: server.description), now)
      }
    case .ready:
      if let first = pending.first, first.deadline <= now { lose(.timedOut(server: server.description), now) }
    }
  }

  func becameReadable(at now: Int64) {
    withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 8) { buffer in
      // Bounded, so that other connections are served in between.
      for _ in 0..<8 {
        guard let outcome = socket?.read(into: buffer) else { return }
        switch outcome {
        case .wouldBlock: return
        case .closed(let reason): return lose(unreachable(reason), now)
        case .bytes(let count):
          do {
            try reader.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { receive($0, at: now) }
          } catch {
            return lose(.invalidReply(server: server.description, reason: "\(error)"), now)
          }
        }
      }
    }
  }

  func becameWritable(at now: Int64) {
    if case .connecting = phase {
      if let reason = socket?.connectionError() { return lose(unreachable(reason), now) }
      greet(at: now)
    }
    while written < output.count {
      guard let outcome = output[written...].withUnsafeBytes({ socket?.write($0) }) else { return }
      switch outcome {
      case .wouldBlock: return compactOutput()
      case .closed(let reason): return lose(unreachable(reason), now)
      case .bytes(let count): written += count
      }
    }
    output.removeAll(keepingCapacity: output.count < 1 << 20)
    written = 0
  }

  /// Releases the memory of written bytes, also if the output is never empty.
  private func compactOutput() {
    guard written > 1 << 20, written > output.count / 2 else { return }
    output.removeFirst(written)
    written = 0
  }

  /// The number of bytes waiting to be sent.
  var outputBytes: Int { output.count - written }

  /// Closes the connection. It is opened again after a pause.
  func lose(_ error: RedisHistoryError, _ now: Int64) {
    let wasReady = isReady
    let hasAlternative = takeAlternative()
    socket?.discardUnsent()
    socket = nil
    reader = ReplyReader(maximumBytes: maximumReplyBytes)
    output = []
    written = 0
    guard !hasAlternative else {
      phase = .closed(until: now)
      return
    }
    lastError = error
    let pause = min(Self.firstPause << min(failures, 8), Self.longestPause)
    failures += 1
    phase = .closed(until: now + pause)
    if case .sentinels = server.location {
      master = nil
      sentinelIndex += 1
    }
    let lost = pending
    pending = []
    // First, so that whoever is resumed sees that the connection is lost.
    onLost?(error)
    for request in lost { request.finish(.failure(.init(error: error, mayHaveHappened: wasReady))) }
  }

  /// Selects the next address of the host, or the next Sentinel, if one remains to be tried before the attempt fails.
  private func takeAlternative() -> Bool {
    if case .connecting = phase, let nextAddress {
      address = nextAddress
      self.nextAddress = nil
      return true
    }
    address = 0
    if isAskingSentinel, case .sentinels(let all, _) = server.location, failedSentinels + 1 < all.count {
      failedSentinels += 1
      sentinelIndex += 1
      return true
    }
    failedSentinels = 0
    return false
  }

  func close() {
    socket = nil
    let lost = pending
    pending = []
    phase = .closed(until: .max)
    for request in lost { request.finish(.failure(.init(error: .closed, mayHaveHappened: true))) }
  }

  // MARK: Opening

  private func open(at now: Int64) {
    let location: RedisServer.Location
    switch server.location {
    case .sentinels(let sentinels, _):
      isAskingSentinel = master == nil
      let sentinel = sentinels[sentinelIndex % sentinels.count]
      location = master ?? .host(sentinel.host, port: sentinel.port)
    default:
      isAskingSentinel = false
      location = server.location
    }
    nextAddress = nil
    switch RedisSocket.connect(to: location, fromAddress: address) {
    case .success(let attempt):
      socket = RedisSocket(attempt.descriptor)
      nextAddress = attempt.nextAddress
      phase = .connecting(until: now + responseTimeout)
    case .failure(let failure):
      lose(unreachable(failure.reason), now)
    }
  }

  private func greet(at now: Int64) {
    var steps: [Step] = []
    func add(_ step: Step, _ words: [String]) {
      steps.append(step)
      output += RedisCommand(words.map { .text($0) }).bytes
    }
    if isAskingSentinel, case .sentinels(_, let name) = server.location {
      add(.master, ["SENTINEL", "get-master-addr-by-name", name])
    } else {
      if let password = server.password { add(.login, ["AUTH"] + (server.user.map { [$0] } ?? []) + [password]) }
      if role == .commands {
        if server.database != 0 { add(.login, ["SELECT", "\(server.database)"]) }
        add(.info, ["INFO"])
        add(.durability, ["CONFIG", "GET", "appendfsync"])
      } else {
        add(.ignored, ["PING"])
      }
    }
    phase = .greeting(steps, until: now + responseTimeout)
  }

  private func receive(_ reply: RedisReply, at now: Int64) {
    guard socket != nil else { return }
    guard case .greeting(var steps, let until) = phase else {
      if role == .subscriptions {
        onMessage?(reply)
      } else if let request = pending.popFirst() {
        request.finish(.success(reply))
        if isFromDemotedMaster(reply) {
          lose(.readOnly(server: server.description, reason: "it is no longer the master; failing over"), now)
        }
      } else {
        lose(.invalidReply(server: server.description, reason: "an answer to nothing"), now)
      }
      return
    }
    guard !steps.isEmpty else { return }
    let step = steps.removeFirst()
    if let error = take(reply, of: step) { return lose(error, now) }
    if case .master = step {
      socket = nil
      address = 0
      reader = ReplyReader(maximumBytes: maximumReplyBytes)
      phase = .closed(until: now)
      return
    }
    phase = .greeting(steps, until: until)
    guard steps.isEmpty else { return }
    phase = .ready
    failures = 0
    failedSentinels = 0
    address = 0
    lastError = nil
    for request in pending { output += request.bytes }
    onReady?(greeting)
  }

  /// Returns whether a reply shows that the Sentinels now name another master. Only a Sentinel's own notice closes the
  /// connection to the old one, and that notice can be lost.
  private func isFromDemotedMaster(_ reply: RedisReply) -> Bool {
    guard case .sentinels = server.location, case .error(let text) = reply else { return false }
    return text.containsBytes(of: "READONLY")
  }

  private func take(_ reply: RedisReply, of step: Step) -> RedisHistoryError? {
    if case .error(let text) = reply {
      switch step {
      // The user may lack the permission to ask. Durability is then unknown.
      case .durability:
        greeting.losesNothing = false
        return nil
      case .master: return noMaster(text)
      default: return RedisHistoryError(reply: text, server: server.description)
      }
    }
    switch step {
    case .ignored, .login: return nil
    case .master:
      guard let parts = reply.elements, parts.count == 2, let host = parts[0].text, let port = parts[1].text,
        let number = Int(port), (1...65_535).contains(number)
      else { return noMaster("it does not know the name") }
      master = .host(host, port: number)
      return nil
    case .info: return takeInfo(reply.text ?? "")
    case .durability:
      let value = reply.elements.flatMap { $0.count == 2 ? $0[1].text : nil }
      if value != "always" { greeting.losesNothing = false }
      return nil
    }
  }

  private func takeInfo(_ info: String) -> RedisHistoryError? {
    var values: [Substring: Substring] = [:]
    for line in info.split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      values[line[..<colon]] = line[line.index(after: colon)...]
    }
    let version = values["redis_version"] ?? "unknown"
    guard let major = version.split(separator: ".").first.flatMap({ Int($0) }), major >= 7 else {
      return .unsupportedVersion(server: server.description, version: String(version))
    }
    // While a server loads its file, it reports that it has none. That must not count as a server that may lose events.
    guard values["loading"] != "1" else { return unreachable("it is loading its data") }
    let isReplaced = if case .sentinels = server.location { true } else { false }
    if isReplaced, values["role"] != "master" {
      return .readOnly(server: server.description, reason: "the Sentinels name a replica; failing over")
    }
    // A server that was promoted has a second replication ID. It may lack what its predecessor acknowledged.
    let wasReplica = values["master_replid2"].map { !$0.allSatisfy { $0 == "0" } } ?? true
    greeting.losesNothing = values["aof_enabled"] == "1" && !isReplaced && !wasReplica
    return nil
  }

  private func unreachable(_ reason: String) -> RedisHistoryError {
    isAskingSentinel ? noMaster(reason) : .unreachable(server: server.description, reason: reason)
  }

  private func noMaster(_ reason: String) -> RedisHistoryError {
    guard case .sentinels(_, let name) = server.location else {
      return .unreachable(server: server.description, reason: reason)
    }
    return .noMaster(name: name, reason: reason)
  }
}
