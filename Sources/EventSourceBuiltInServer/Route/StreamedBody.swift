/// A response body that a route writes while it is sent: a language model's output, a large export, or an endless
/// response.
///
/// For HTTP/1.1, it is sent in chunks (RFC 9112, 7.1). For HTTP/1.0, the end of the connection ends it. If writing
/// throws, the connection is reset, so that the part already sent does not look complete.
public struct StreamedBody: Sendable, Hashable {
  private final class Function: Sendable {
    let write: @Sendable (BodyWriter) async throws -> Void
    init(_ write: @escaping @Sendable (BodyWriter) async throws -> Void) { self.write = write }
  }

  private let function: Function

  /// Creates a body from a function that writes it.
  ///
  /// - Parameter write: Writes the body and returns at its end. Runs in the task of the route's closure, which is
  ///   cancelled when the peer disconnects or the server has stopped. It has no time limit.
  public init(_ write: @escaping @Sendable (BodyWriter) async throws -> Void) { function = Function(write) }

  /// Creates a body from pieces of bytes, sent as they arrive and at the peer's pace.
  public init<Pieces: AsyncSequence & Sendable>(_ pieces: Pieces) where Pieces.Element: Sequence<UInt8> {
    self.init { writer in for try await piece in pieces { try await writer.write(Array(piece)) } }
  }

  /// Creates a body from pieces of text, sent as UTF-8.
  public init<Pieces: AsyncSequence & Sendable>(_ pieces: Pieces) where Pieces.Element: StringProtocol {
    self.init { writer in for try await piece in pieces { try await writer.write(String(piece)) } }
  }

  /// Writes the body to a writer.
  func write(to writer: BodyWriter) async throws { try await function.write(writer) }

  /// Returns the whole body, for tests of a route's closure.
  public func collected() async throws -> [UInt8] {
    let collector = BodyCollector()
    try await write(to: BodyWriter { collector.add($0) })
    return collector.bytes
  }

  /// Returns whether both values are copies of one body.
  public static func == (left: StreamedBody, right: StreamedBody) -> Bool { left.function === right.function }

  /// Hashes the body's identity.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(function)) }
}
