import EventSourceFormat
import EventSourceServer
import EventSourceTesting

extension Schedule {
  func step() {
    switch Int.random(in: 0..<124, using: &random) {
    case 0..<26: publishOne(to: random.one(of: options.names))
    case 26..<33:
      let name = random.one(of: options.names)
      for _ in 0..<Int.random(in: 2...60, using: &random) { publishOne(to: name) }
    case 33..<46: connectNew()
    case 46..<54: connectedReader().map(disconnect)
    case 54..<61: absentReader().map { reconnect($0) }
    case 61..<73: connectedReader().map { read($0, Int.random(in: 1...400, using: &random)) }
    case 73..<75: connectedReader().map(cut)
    case 75..<79: passTime(.milliseconds(Int.random(in: 1...5000, using: &random)))
    case 79: passTime(.milliseconds(31_000))
    case 80..<82: publishComment()
    case 82..<86: publishToSeveral()
    case 86..<91: publishAwaited()
    case 91: cancelAwaited()
    case 92..<94: publishOddly()
    case 94: suspendOrResume()
    case 95..<98: changeChannel()
    case 98: changeHistory()
    case 99: revoke()
    case 100..<102: restart()
    case 102: changeLane()
    case 103..<105: probe()
    case 105..<108: resumeWhileOneIsPublished()
    case 108..<114: for _ in 0..<Int.random(in: 1...20, using: &random) { runJob() }
    case 114..<116: connectedReader().map(drain)
    default: run(random.one(of: stacks))
    }
  }

  func connectedReader() -> ModelReader? { readers.filter(\.isConnected).randomElement(using: &random) }
  func absentReader() -> ModelReader? { readers.filter { !$0.isConnected }.randomElement(using: &random) }

  /// Makes a reader return to a channel while an event is in the history but not yet in the log, or the reverse.
  private func resumeWhileOneIsPublished() {
    guard let reader = absentReader() else { return }
    publishOne(to: random.one(of: reader.channels))
    reconnect(reader)
    for _ in 0..<Int.random(in: 1...30, using: &random) { runJob(finishing: false) }
  }

  func runJob(finishing: Bool = true) {
    if executor.count > 0 { executor.runNext(at: Int.random(in: 0..<executor.count, using: &random)) }
    if finishing {
      for name in options.names where random.isOnce(in: 16) { finishHalfDone(name, count: 1) }
    }
    if Bool.random(using: &random) { run(random.one(of: stacks)) }
  }

  private func suspendOrResume() {
    let stack = random.one(of: stacks)
    stack.isSuspended.toggle()
    note(stack.isSuspended ? .suspended : .resumed)
    if !stack.isSuspended { run(stack) }
  }

  /// Revokes permissions.
  private func revoke() {
    let user = "user \(Int.random(in: 0..<4, using: &random))"
    let name = random.one(of: options.names)
    switch Int.random(in: 0..<4, using: &random) {
    case 0, 1:
      note(.revokeIdentity)
      markRevoked(identity: user, channel: nil)
      hub.revokeStreams(of: user)
    case 2:
      note(.revokeIdentityInChannel)
      markRevoked(identity: user, channel: name)
      hub.revokeStreams(of: user, in: channelName(name))
    default:
      note(.revokeMatching)
      guard random.isOnce(in: 3) else { return hub.revokeStreams { $0.identity == "nobody at all" } }
      markRevoked(identity: nil, channel: name)
      let channel = channelName(name)
      hub.revokeStreams { $0.channels.contains(channel) }
    }
  }

  /// Marks the streams that a revocation names, which must end. A request that is being decided may be refused.
  func markRevoked(identity: String?, channel: String?, except attempt: Int = -1) {
    for reader in readers {
      guard let visit = reader.visit, visit.attempt != attempt, !visit.connection.isFinished else { continue }
      if let channel, !visit.channels.contains(channel) { continue }
      if visit.opened == nil {
        if identity == nil || identity == reader.user { visit.isRevoked = true }
      } else if identity == nil || visit.identity == identity {
        visit.isRevoked = true
        visit.hasToEnd = true
      }
    }
  }
}
