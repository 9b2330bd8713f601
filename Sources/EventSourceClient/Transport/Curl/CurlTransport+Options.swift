#if os(Linux) && !canImport(Musl)
  import CEventSourceCurl
  import Foundation

  extension CurlTransport {
    /// Options for connections. A value of `nil` leaves libcurl's default. Files are in PEM.
    public struct Options: Sendable, Hashable {
      /// The version of HTTP.
      public enum HTTPVersion: Int, Sendable, Hashable {
        /// HTTP/1.1, even if the server supports HTTP/2.
        case http1 = 2
        /// HTTP/2 over TLS if the server supports it, otherwise HTTP/1.1.
        case http2OverTLS = 4
      }

      /// A file of certificate authorities to trust, instead of the system's. The default is the file in the
      /// environment variable `SSL_CERT_FILE`.
      public var authorityFile = ProcessInfo.processInfo.environment["SSL_CERT_FILE"]
      /// A folder of hashed certificate authorities. The default is the folder in `SSL_CERT_DIR`.
      public var authorityFolder = ProcessInfo.processInfo.environment["SSL_CERT_DIR"]
      /// The client's certificate.
      public var certificateFile: String?
      /// The private key of the client's certificate, unless it is in the same file.
      public var keyFile: String?
      /// The password of the private key.
      public var keyPassword: String?
      /// The server's public key, as `sha256//` and the base64 of its SHA-256, or a file that contains it. Servers with
      /// another key are rejected.
      public var pinnedKey: String?
      /// The URL of a proxy. An empty string means no proxy. The default is the proxy in the environment (`http_proxy`,
      /// `https_proxy`, `all_proxy`, `no_proxy`).
      public var proxy: String?
      /// The network interface, address or host name to connect from.
      public var interface: String?
      /// The version of HTTP. `nil` means libcurl's preference, usually HTTP/2 over TLS.
      public var httpVersion: HTTPVersion?

      /// Creates the default options.
      public init() {}

      func withCOptions<Result>(
        connectMilliseconds: Int, _ body: (eventsource_curl_options) -> Result
      ) -> Result {
        let texts = [
          authorityFile, authorityFolder, certificateFile, keyFile, keyPassword, pinnedKey, proxy, interface,
        ].map { $0.map { strdup($0) } ?? nil }
        defer { texts.forEach { free($0) } }
        let options = eventsource_curl_options(
          authority_file: texts[0], authority_folder: texts[1], certificate_file: texts[2], key_file: texts[3],
          key_password: texts[4], pinned_key: texts[5], proxy: texts[6], interface: texts[7],
          http_version: httpVersion?.rawValue ?? 0, connect_milliseconds: connectMilliseconds)
        return body(options)
      }
    }
  }
#endif
