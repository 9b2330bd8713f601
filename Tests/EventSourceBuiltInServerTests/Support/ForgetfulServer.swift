import Dispatch
import EventSourceServer
import EventSourceTesting
import Foundation
import Glibc
import Synchronization

/// A server for one stream whose adapter has a fault: its writes accept at most 100 bytes, which is less than any event
/// of the test, and it never calls `becameWritable`.
// Sendable, because the lane is used on the server's thread only. The rest is constant or has a lock.
final class ForgetfulServer: RunningAdapter, @unchecked Sendable {
  let port: Int
  private let listener: Int32
  private let lane: DeliveryLane
  private let wakeUps: DispatchSemaphore
  private let isStopping = Mutex(false)
  private let serving = Mutex<Task<Void, Never>?>(nil)

  init(_ handler: EventStreamHandler) throws {
    let wakeUps = DispatchSemaphore(value: 0)
    self.wakeUps = wakeUps
    lane = handler.hub.makeLane { wakeUps.signal() }
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = listener
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, size) == 0 && listen(descriptor, 1) == 0
          && getsockname(descriptor, address, &size) == 0
      }
    }
    guard isListening else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    port = Int(in_port_t(bigEndian: address.sin_port))
    let task = Task {
      await withCheckedContinuation { continuation in
        Thread.detachNewThread { [self] in
          serve(handler)
          continuation.resume()
        }
      }
    }
    serving.withLock { $0 = task }
  }

  func stop(drainingOver window: Duration) async {
    isStopping.withLock { $0 = true }
    // Ends a waiting `accept`.
    shutdown(listener, Int32(SHUT_RDWR))
    wakeUps.signal()
    await serving.withLock { $0 }?.value
  }

  /// Runs on the server's thread.
  private func serve(_ handler: EventStreamHandler) {
    let peer = accept(listener, nil, nil)
    var request = [UInt8](repeating: 0, count: 4096)
    if peer >= 0, recv(peer, &request, request.count, 0) > 0 {
      let response = HastyResponse(peer)
      _ = handler.serve(StreamRequest(), channels: ["a"], response: response, on: lane)
    }
    let start = ContinuousClock.now
    while !isStopping.withLock({ $0 }) {
      let now = start.duration(to: .now)
      let pause = min(max(lane.run(now: now).map { $0 - now } ?? .seconds(1), .zero), .seconds(1))
      _ = wakeUps.wait(timeout: .now() + .nanoseconds(Int(pause / .nanoseconds(1))))
    }
    lane.close()
    if peer >= 0 { close(peer) }
    close(listener)
  }
}

private struct StreamRequest: EventStreamRequest {
  let method = "GET"
  let target = "/events/a"
  let fields: [HeaderField] = []
  let peer: String? = nil
}

/// Sends everything that it accepts, at once.
private final class HastyResponse: EventStreamResponse {
  private let peer: Int32

  init(_ peer: Int32) { self.peer = peer }

  func start(_ head: EventStreamResponseHead) {
    send("HTTP/1.1 \(head.status) OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
  }

  func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    let piece = bytes.withUnsafeBytes { Array($0.prefix(100)) }
    send("\(String(piece.count, radix: 16))\r\n".utf8 + piece + "\r\n".utf8)
    return .accepted(piece.count)
  }

  func end(_ ending: EventStreamEnding) { shutdown(peer, Int32(SHUT_RDWR)) }

  private func send(_ bytes: some Sequence<UInt8>) {
    let bytes = Array(bytes)
    _ = Glibc.send(peer, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }
}
