import CLibevent
import EventSourceServer
import Synchronization

/// A handler at a path of a server. The server's callback for that path points to it. Confined to the base's thread,
/// which makes it `Sendable`.
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

  /// Sets the server's callback and returns the result of `evhttp_set_cb`.
  func setCallback() -> Int32 {
    evhttp_set_cb(
      http, path,
      { request, argument in
        guard let request else { return }
        Unmanaged<EvhttpMount>.fromOpaque(argument!).takeUnretainedValue().serve(request)
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Removes the server's callback. The server must still exist.
  func removeCallback() { evhttp_del_cb(http, path) }

  private func serve(_ request: OpaquePointer) {
    guard let streams, let handler else { return evhttp_send_error(request, 503, nil) }
    streams.serve(request, with: handler, channels: [])
  }

  private static let kept = Mutex<[EvhttpMount]>([])

  /// Keeps the mounts of closed streams alive: their servers may still exist and point to them.
  static func keepForEver(_ mounts: [EvhttpMount]) {
    guard !mounts.isEmpty else { return }
    for mount in mounts { mount.handler = nil }
    kept.withLock { $0 += mounts }
  }
}
