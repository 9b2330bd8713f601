import EventSourceFormat
import EventSourceServer

/// An authorizer that grants, refuses, fails, hangs, and revokes older permissions while it decides, as determined by a
/// seed.
// Sendable, because it is called only from jobs that the test runs on its one thread.
final class ScheduleAuthorizer: ChannelAuthorizer, @unchecked Sendable {
  private struct Failure: Error {}

  /// A decision about a reader.
  enum Decision {
    case granted(ChannelGrant)
    case rejected(Int)
    case failed
    case hangs
  }

  var random: SeededRandom
  var isHealthy = false
  /// The decisions by the number of the request.
  private(set) var decisions: [Int: [Decision]] = [:]
  private var hanging: [CheckedContinuation<Void, Never>] = []
  weak var hub: EventHub?
  var channelNames: [ChannelName] = []
  var note: (GrantOption) -> Void = { _ in }
  /// Called when it ends the caller's older streams.
  var revokesOlder: (String, Int) -> Void = { _, _ in }

  init(seed: UInt64) { random = SeededRandom(seed: seed &+ 80) }

  func authorize(_ request: any EventStreamRequest, for channels: [ChannelName]) async throws -> ChannelAuthorization {
    let number = request.fields.first { $0.name == "X-Reader" }.flatMap { Int($0.value) } ?? 0
    let user = request.fields.first { $0.name == "X-User" }?.value ?? "nobody"
    if decisions[number] != nil { note(.again) }
    for _ in 0..<Int.random(in: 0...3, using: &random) { await Task.yield() }
    let decision = decide(user, channels)
    decisions[number, default: []].append(decision)
    switch decision {
    case .granted(let grant):
      if !isHealthy, let identity = grant.identity, random.isOnce(in: 6) {
        note(.revokesOlder)
        revokesOlder(identity, number)
        hub?.revokeStreams(of: identity)
        await Task.yield()
      }
      return .granted(grant)
    case .rejected(204): return .rejected(.finished)
    case .rejected(401): return .rejected(.unauthorized())
    case .rejected: return .rejected(.forbidden)
    case .failed: throw Failure()
    case .hangs:
      await withCheckedContinuation { hanging.append($0) }
      throw Failure()
    }
  }

  private func decide(_ user: String, _ channels: [ChannelName]) -> Decision {
    var aliases: [ChannelName: ChannelName] = [:]
    for name in channels where name.rawValue.hasPrefix("me ") {
      aliases[name] = channelNames[Int(name.rawValue.dropFirst(3))!]
      note(.aliases)
    }
    guard !isHealthy else { return .granted(ChannelGrant(identity: user, aliases: aliases)) }
    switch Int.random(in: 0..<24, using: &random) {
    case 0:
      note(.refused)
      return .rejected(random.one(of: [401, 403]))
    case 1:
      note(.finished)
      return .rejected(204)
    case 2:
      note(.failing)
      return .failed
    case 3 where random.isOnce(in: 2):
      note(.hanging)
      return .hangs
    case 4:
      note(.ended)
      return .granted(ChannelGrant(expiresAfter: random.one(of: [.zero, .seconds(-3600), .nanoseconds(-1)])))
    default:
      var grant = ChannelGrant(aliases: aliases)
      if random.isOnce(in: 3) {
        grant.expiresAfter = .milliseconds(Int.random(in: 1...4000, using: &random))
        note(.expiresAfter)
      }
      if !random.isOnce(in: 4) {
        grant.identity = user
        note(.identity)
      }
      if random.isOnce(in: 10) {
        grant.channels = Set(channels.filter { _ in Bool.random(using: &random) })
        note(.channels)
      }
      return .granted(grant)
    }
  }

  func release() {
    for continuation in hanging { continuation.resume() }
    hanging = []
  }
}
