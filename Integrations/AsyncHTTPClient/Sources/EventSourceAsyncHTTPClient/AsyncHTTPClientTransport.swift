// Without the trait there is no AsyncHTTPClient to build this with.
#if AsyncHTTPClient
  public import AsyncHTTPClient
  public import EventSourceClient
  internal import Foundation
  internal import NIOCore
  internal import NIOHTTP1
  internal import NIOHTTPCompression

  /// AsyncHTTPClient as a transport: a reader that does not read makes the server wait, on every system.
  public final class AsyncHTTPClientTransport: EventSourceTransport {
    private let client: HTTPClient
    private let isOwned: Bool
    /// Whether content codings are undone here instead of by the client, which inflates all that one read brings.
    private let decodes: Bool

    /// Makes a transport with a client of one's own, for its TLS options, proxies and pools; it stays the caller's to
    /// shut down.
    ///
    /// Let it follow no redirects (`redirectConfiguration = .disallow`), so that the source decides about them, and
    /// give it no read timeout shorter than what a stream may be silent.
    public init(client: HTTPClient) {
      self.client = client
      isOwned = false
      decodes = false
    }

    /// Makes a transport with a client for streams: HTTP/2 where the server has it, gzip and deflate undone as the
    /// source reads, and no limit to how many streams there are.
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
      // When to try again is the source's affair.
      configuration.connectionPool.retryConnectionEstablishment = false
      client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
      isOwned = true
    }

    deinit { if isOwned { client.shutdown { _ in } } }

    /// Sends a request on a connection of the client's pool.
    ///
    /// - Throws: ``SubscriptionError`` for a request that the client does not accept, and for a connection that is not
    ///   made in time; otherwise what the client throws.
    public func send(_ request: EventSourceRequest) async throws -> TransportResponse {
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

    /// The client's description of an error may have the values of fields, which may be secret.
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

  /// A body, whose connection is closed when nobody has its iterator any more.
  // Sendable, because it has one reader, which calls one method after the other: no lock is needed.
  private final class AsyncHTTPClientBody: TransportBody, @unchecked Sendable {
    private var iterator: HTTPClientResponse.Body.AsyncIterator?
    /// The client is shut down with its transport.
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
