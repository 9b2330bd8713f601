// Without the trait there is no HTTPTypes to build this with.
#if HTTPTypes
  public import EventSourceClient
  internal import Foundation
  public import HTTPTypes

  extension EventSourceRequest {
    /// Makes a request of swift-http-types: its URL, method and fields.
    ///
    /// - Parameter body: A body, sent again on each attempt.
    /// - Throws: ``SubscriptionError``, if scheme, authority and path are no URL.
    public init(_ request: HTTPRequest, body: [UInt8]? = nil) throws(SubscriptionError) {
      guard let scheme = request.scheme, let authority = request.authority,
        let url = URL(string: "\(scheme)://\(authority)\(request.path ?? "/")")
      else { throw SubscriptionError(.request, "the HTTPRequest's scheme, authority and path are no URL") }
      self.init(
        url, method: request.method.rawValue,
        headers: request.headerFields.map { HeaderField($0.name.rawName, $0.value) }, body: body)
    }
  }
#endif
