import Foundation

/// A server played by threads, on a socket. It ends with `end()`.
final class ScriptedServer: Sendable {
  let path = "/tmp/redis-scripted-\(UInt32.random(in: 0 ... .max))"
  private let descriptor: Int32

  /// - Parameter answers: Returns the reply to received bytes.
  init(_ answers: @escaping @Sendable (String) -> String) {
    let listening = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    descriptor = listening
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = bind(listening, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    listen(listening, 8)
    Thread {
      while case let connection = accept(listening, nil, nil), connection >= 0 {
        Thread {
          var bytes = [UInt8](repeating: 0, count: 4096)
          while case let count = recv(connection, &bytes, bytes.count, 0), count > 0 {
            let answer = Array(answers(String(decoding: bytes[..<count], as: UTF8.self)).utf8)
            guard send(connection, answer, answer.count, Int32(MSG_NOSIGNAL)) == answer.count else { break }
          }
          close(connection)
        }.start()
      }
      // Only here, because another server might get the descriptor while this thread still accepts from it.
      close(listening)
    }.start()
  }

  func end() {
    shutdown(descriptor, Int32(SHUT_RDWR))
    unlink(path)
  }
}
