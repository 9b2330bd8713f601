/// Writes a ``StreamedBody``. Several tasks can use it: the bytes of one call stay together, up to 64 KiB.
public struct BodyWriter: Sendable {
  private let send: @Sendable ([UInt8]) async throws -> Void

  init(_ send: @escaping @Sendable ([UInt8]) async throws -> Void) { self.send = send }

  /// Writes bytes. Waits while more than 64 KiB wait for the connection; up to the same amount can be on its way into
  /// the kernel. The bytes are sent immediately, as one or more chunks.
  ///
  /// - Throws: `CancellationError` if the bytes can no longer be delivered: the peer has disconnected, the server has
  ///   stopped, the task is cancelled, or the body has ended.
  public func write(_ bytes: [UInt8]) async throws { try await send(bytes) }

  /// Writes text as UTF-8.
  public func write(_ text: String) async throws { try await send(Array(text.utf8)) }
}
