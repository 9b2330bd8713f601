#if os(Linux) && !canImport(Musl)
  /// A body whose content coding is decoded as it is read.
  package final class DecodedBody: TransportBody {
    private let body: any TransportBody
    private let decoder: ContentDecoder

    /// Creates a body from an encoded one and the decoder for its head.
    package init(_ body: any TransportBody, _ decoder: ContentDecoder) {
      self.body = body
      self.decoder = decoder
    }

    package func next() async throws -> [UInt8]? {
      while true {
        if let decoded = try decoder.next() { return decoded }
        let bytes = try await body.next()
        decoder.add(bytes)
        if bytes == nil { return try decoder.next() }
      }
    }

    package func cancel() { body.cancel() }
  }
#endif
