import EventSourceServer
import Glibc

/// The data for the access log, collected while a request is served.
final class PendingAccess {
  private let method: String?
  private let target: String?
  private let version: String?
  private let userAgent: String?
  private let referer: String?
  private let peer: String?
  private let began: Duration
  private let time: Int
  var status = 0
  var byteCount = 0
  var isStream = false

  /// - Parameter head: `nil` if the bytes received were not a request.
  init(_ head: RequestHead?, peer: String?, at now: Duration) {
    method = head?.method
    target = head?.target
    version = head.map { $0.takesChunks ? "HTTP/1.1" : "HTTP/1.0" }
    userAgent = head?.fields.first { $0.name.isASCIICaseInsensitive("user-agent") }?.value
    referer = head?.fields.first { $0.name.isASCIICaseInsensitive("referer") }?.value
    self.peer = peer
    began = now
    var clock = timespec()
    clock_gettime(CLOCK_REALTIME_COARSE, &clock)
    time = clock.tv_sec
  }

  func record(at now: Duration) -> AccessRecord {
    AccessRecord(
      time: time, peer: peer, method: method, target: target, version: version, status: status, byteCount: byteCount,
      duration: max(.zero, now - began), isStream: isStream, referer: referer, userAgent: userAgent)
  }
}

extension Connection {
  /// Starts a record of a request if there is an access log.
  func beginAccess(_ head: RequestHead?) {
    guard loop.context.accessLog != nil else { return }
    flags.insert(.isLogged)
    access = PendingAccess(head, peer: peer(of: head), at: MonotonicClock.now)
  }

  /// Completes the record when the response has been sent or never will be.
  func endAccess() {
    guard let access, let tell = loop.context.accessLog else { return }
    self.access = nil
    flags.remove(.isLogged)
    tell(access.record(at: MonotonicClock.now))
  }
}
