// Without the trait, the module HTTPTypes is not available.
#if HTTPTypes
  public import EventSourceClient
  internal import Foundation
  public import HTTPTypes

  extension SubscriptionRequest {
    /// Creates a source's request from a swift-http-types request: its URL, method and fields.
    ///
    /// - Parameter body: The body, sent again on each attempt.
    /// - Throws: ``SubscriptionError`` if scheme, authority and path do not form a URL.
    public init(_ request: HTTPRequest, body: [UInt8]? = nil) throws(SubscriptionError) {
      guard let scheme = request.scheme, let authority = request.authority,
        let url = URL(string: "\(scheme)://\(authority)\(request.path ?? "/")")
      else { throw SubscriptionError(.request, "the HTTPRequest's scheme, authority and path do not form a URL") }
      self.init(
        url, method: request.method.rawValue,
        headers: request.headerFields.map { HeaderField($0.name.rawName, $0.value) }, body: body)
    }
  }
#endif
