#if os(Linux) && !canImport(Musl)
  /// A body whose content coding is undone as it is read.
  package final class DecodedBody: TransportBody {
    private let body: any TransportBody
    private let decoder: ContentDecoder

    /// Makes a body of one that the decoder's head belongs to.
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
