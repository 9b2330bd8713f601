import EventSourceServer

/// A server over NIO or Hummingbird, with one handler and a route that publishes.
public protocol StackServer: Sendable {
  /// The port where it listens, on the loopback interface.
  var port: Int { get }

  /// Ends the streams within a time, and then the server.
  func stop(drainingOver window: Duration) async
}

/// The files of a certificate and its key, with which a server speaks TLS and HTTP/2.
public struct CertificateFiles: Sendable {
  /// The path of the certificate chain.
  public let certificate: String
  /// The path of the private key.
  public let key: String

  /// Names two files of PEM text.
  public init(certificate: String, key: String) { (self.certificate, self.key) = (certificate, key) }
}

/// Starts a server with a handler at `/events/{channel}`.
///
/// - Parameters:
///   - stack: `nio` or `hummingbird`.
///   - tls: The certificate, which only Hummingbird uses.
public func startServer(
  stack: String, _ handler: EventStreamHandler, tls: CertificateFiles? = nil
) async throws -> any StackServer {
  #if Stacks
    switch stack {
    case "nio": return try await NIOServer(handler)
    case "hummingbird": return try await HummingbirdServer(handler, tls: tls)
    default: fatalError("there is no stack \"\(stack)\"")
    }
  #else
    fatalError("built without the trait Stacks, which \"\(stack)\" needs")
  #endif
}
