/// The body of a response that a route writes while it is sent: a language model's answer, a large export, a response
/// that has no end.
///
/// To HTTP/1.1 it is sent in chunks (RFC 9112, 7.1), to HTTP/1.0 up to the end of the connection. If writing it throws,
/// the connection is reset, so that what has been sent does not look complete.
public struct StreamedBody: Sendable, Hashable {
  private final class Function: Sendable {
    let write: @Sendable (BodyWriter) async throws -> Void
    init(_ write: @escaping @Sendable (BodyWriter) async throws -> Void) { self.write = write }
  }

  private let function: Function

  /// Makes a body of what a function writes.
  ///
  /// - Parameter write: Writes the body and returns at its end. Runs in the task of the route's closure, which is
  ///   canceled when the peer goes away or the server has stopped. It may take as long as it likes.
  public init(_ write: @escaping @Sendable (BodyWriter) async throws -> Void) { function = Function(write) }

  /// Makes a body of pieces, sent as they come and at the peer's pace.
  public init<Pieces: AsyncSequence & Sendable>(_ pieces: Pieces) where Pieces.Element: Sequence<UInt8> {
    self.init { writer in for try await piece in pieces { try await writer.write(Array(piece)) } }
  }

  /// Makes a body of pieces of text, sent as UTF-8.
  public init<Pieces: AsyncSequence & Sendable>(_ pieces: Pieces) where Pieces.Element: StringProtocol {
    self.init { writer in for try await piece in pieces { try await writer.write(String(piece)) } }
  }

  /// Writes the body to a writer.
  func write(to writer: BodyWriter) async throws { try await function.write(writer) }

  /// The whole body, for a test of a route's closure.
  public func collected() async throws -> [UInt8] {
    let collector = BodyCollector()
    try await write(to: BodyWriter { collector.add($0) })
    return collector.bytes
  }

  /// Whether both are copies of one body.
  public static func == (left: StreamedBody, right: StreamedBody) -> Bool { left.function === right.function }

  /// Feeds the body's identity.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(function)) }
}
