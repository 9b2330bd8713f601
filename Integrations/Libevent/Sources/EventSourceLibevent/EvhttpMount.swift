import CLibevent
import EventSourceServer
import Synchronization

/// One handler at one path of one server, to which the server's callback for that path points. On the base's thread
/// only, which is what makes it `Sendable`.
final class EvhttpMount: @unchecked Sendable {
  let http: OpaquePointer
  private let path: String
  private var handler: EventStreamHandler?
  private weak var streams: EvhttpEventStreams?

  init(_ handler: EventStreamHandler, on http: OpaquePointer, at path: String, of streams: EvhttpEventStreams) {
    self.http = http
    self.path = path
    self.handler = handler
    self.streams = streams
  }

  /// What `evhttp_set_cb` returns.
  func setCallback() -> Int32 {
    evhttp_set_cb(
      http, path,
      { request, argument in
        guard let request else { return }
        Unmanaged<EvhttpMount>.fromOpaque(argument!).takeUnretainedValue().serve(request)
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// For a server that still exists.
  func removeCallback() { evhttp_del_cb(http, path) }

  private func serve(_ request: OpaquePointer) {
    guard let streams, let handler else { return evhttp_send_error(request, 503, nil) }
    streams.serve(request, with: handler, channels: [])
  }

  private static let kept = Mutex<[EvhttpMount]>([])

  /// Keeps mounts whose streams are gone: nobody has said whether their servers still exist, and those that do point to
  /// them.
  static func keepForEver(_ mounts: [EvhttpMount]) {
    guard !mounts.isEmpty else { return }
    for mount in mounts { mount.handler = nil }
    kept.withLock { $0 += mounts }
  }
}
