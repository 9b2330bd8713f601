/// Where a ``StreamedBody`` is written to. May be used by several tasks: what one writes at a time stays together, up
/// to 64 KiB.
public struct BodyWriter: Sendable {
  private let send: @Sendable ([UInt8]) async throws -> Void

  init(_ send: @escaping @Sendable ([UInt8]) async throws -> Void) { self.send = send }

  /// Writes bytes, and waits while the peer has not taken what was written before: at most 64 KiB wait for a
  /// connection, and as much again on their way into the kernel. They are sent at once, as one chunk or several.
  ///
  /// - Throws: `CancellationError` when nobody will take the bytes: the peer has gone away, the server has stopped, the
  ///   task is canceled, or the body has ended.
  public func write(_ bytes: [UInt8]) async throws { try await send(bytes) }

  /// Writes text as UTF-8.
  public func write(_ text: String) async throws { try await send(Array(text.utf8)) }
}
