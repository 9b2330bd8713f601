#if os(Linux) && !canImport(Musl)
  import CEventSourceCurl
  import Foundation

  extension CurlTransport {
    /// How connections are made. What is nil stays at libcurl's default. Files are in PEM.
    public struct Options: Sendable, Hashable {
      /// The version of HTTP.
      public enum HTTPVersion: Int, Sendable, Hashable {
        /// HTTP/1.1, also where the server has HTTP/2.
        case http1 = 2
        /// HTTP/2 over TLS where the server has it, and HTTP/1.1 elsewhere.
        case http2OverTLS = 4
      }

      /// A file of certificate authorities to trust, in place of the system's. Default: the one that the environment
      /// variable `SSL_CERT_FILE` names.
      public var authorityFile = ProcessInfo.processInfo.environment["SSL_CERT_FILE"]
      /// A folder of certificate authorities, by hash. Default: the one that `SSL_CERT_DIR` names.
      public var authorityFolder = ProcessInfo.processInfo.environment["SSL_CERT_DIR"]
      /// The client's certificate.
      public var certificateFile: String?
      /// The private key of the client's certificate, unless it is in the same file.
      public var keyFile: String?
      /// The password of the private key.
      public var keyPassword: String?
      /// The server's public key, as `sha256//` and the base64 of its SHA-256, or a file with it; another one is
      /// refused.
      public var pinnedKey: String?
      /// The URL of a proxy; empty: none. Default: the proxy that the environment names (`http_proxy`, `https_proxy`,
      /// `all_proxy`, `no_proxy`).
      public var proxy: String?
      /// The network interface, address or host name to connect from.
      public var interface: String?
      /// The version of HTTP; nil: what libcurl prefers, mostly HTTP/2 over TLS.
      public var httpVersion: HTTPVersion?

      /// Makes the defaults.
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
