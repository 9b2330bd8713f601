// Without the trait, AsyncHTTPClient is not available.
#if AsyncHTTPClient
  public import AsyncHTTPClient
  public import EventSourceClient
  internal import Foundation
  internal import NIOCore
  internal import NIOHTTP1
  internal import NIOHTTPCompression

  /// A transport on AsyncHTTPClient. On every system, a reader that stops reading makes the server wait.
  public final class AsyncHTTPClientTransport: EventSourceTransport {
    private let client: HTTPClient
    private let isOwned: Bool
    /// Whether content codings are decoded here instead of by the client, which inflates everything that one read
    /// returns.
    private let decodes: Bool

    /// Creates a transport with your own client, for its TLS options, proxies and pools. You must shut down the client.
    ///
    /// Configure the client not to follow redirects (`redirectConfiguration = .disallow`), so that the source handles
    /// them. Its read timeout must be longer than the longest silence of a stream.
    public init(client: HTTPClient) {
      self.client = client
      isOwned = false
      decodes = false
    }

    /// Creates a transport with its own client for streams: with HTTP/2 if the server supports it, with gzip and
    /// deflate decoded at the reader's pace, and with no limit on the number of streams.
    public init() {
      var configuration = HTTPClient.Configuration()
      configuration.redirectConfiguration = .disallow
      configuration.timeout = HTTPClient.Configuration.Timeout(connect: .seconds(30), read: nil)
      #if os(Linux) && !canImport(Musl)
        decodes = ContentDecoder.isAvailable
      #else
        decodes = false
      #endif
      configuration.decompression = decodes ? .disabled : .enabled(limit: .none)
      configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 10_000
      // The source decides when to retry.
      configuration.connectionPool.retryConnectionEstablishment = false
      client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
      isOwned = true
    }

    deinit { if isOwned { client.shutdown { _ in } } }

    /// Sends a request on a connection of the client's pool.
    ///
    /// - Throws: ``SubscriptionError`` for a request that the client does not accept and for a connection that times
    ///   out; otherwise any error of the client.
    public func send(_ request: SubscriptionRequest) async throws -> TransportResponse {
      var outgoing = HTTPClientRequest(url: request.url.absoluteString)
      outgoing.method = HTTPMethod(rawValue: request.method)
      for field in request.headers { outgoing.headers.add(name: field.name, value: field.value) }
      if decodes, request.headers.values(of: "Accept-Encoding").isEmpty {
        outgoing.headers.add(name: "Accept-Encoding", value: "gzip, deflate")
      }
      if let body = request.body { outgoing.body = .bytes(ByteBuffer(bytes: body)) }
      let response: HTTPClientResponse
      do {
        response = try await client.execute(outgoing, deadline: .distantFuture)
      } catch let error as HTTPClientError {
        throw Self.error(error)
      }
      let headers = response.headers.map { HeaderField($0.name, $0.value) }
      let head = ResponseHead(status: Int(response.status.code), headers: headers, url: request.url)
      let body = AsyncHTTPClientBody(response.body, keeping: self)
      #if os(Linux) && !canImport(Musl)
        if decodes, let decoder = try ContentDecoder(head) {
          return TransportResponse(head: head, body: DecodedBody(body, decoder))
        }
      #endif
      return TransportResponse(head: head, body: body)
    }

    /// The client's own description of an error may contain field values, which may be secret.
    private static func error(_ error: HTTPClientError) -> any Error {
      switch error.shortDescription {
      case HTTPClientError.invalidURL.shortDescription, HTTPClientError.emptyHost.shortDescription,
        HTTPClientError.emptyScheme.shortDescription, HTTPClientError.unsupportedScheme("").shortDescription,
        HTTPClientError.traceRequestWithBody.shortDescription,
        HTTPClientError.invalidHeaderFieldNames([]).shortDescription,
        HTTPClientError.invalidHeaderFieldValues([]).shortDescription:
        SubscriptionError(.request, "AsyncHTTPClient does not accept the request: \(error.shortDescription)")
      case HTTPClientError.connectTimeout.shortDescription, HTTPClientError.tlsHandshakeTimeout.shortDescription:
        SubscriptionError(.connectTimeout, "no connection was made in time", underlying: error)
      default: error
      }
    }
  }

  /// A body whose connection closes when the iterator is released.
  // Sendable without a lock, because its one reader makes one call at a time.
  private final class AsyncHTTPClientBody: TransportBody, @unchecked Sendable {
    private var iterator: HTTPClientResponse.Body.AsyncIterator?
    /// Retained, because the client is shut down when its transport is released.
    private let transport: AsyncHTTPClientTransport

    init(_ body: HTTPClientResponse.Body, keeping transport: AsyncHTTPClientTransport) {
      iterator = body.makeAsyncIterator()
      self.transport = transport
    }

    func next() async throws -> [UInt8]? {
      while let buffer = try await iterator?.next() {
        if buffer.readableBytes > 0 { return [UInt8](buffer.readableBytesView) }
      }
      return nil
    }

    func cancel() { iterator = nil }
  }
#endif
