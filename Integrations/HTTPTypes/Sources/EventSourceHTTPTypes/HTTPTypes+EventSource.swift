#if HTTPTypes
  public import EventSourceClient
  internal import Foundation
  public import HTTPTypes

  extension HTTPRequest {
    /// Makes a request with the URL, method and fields of a source's request. Fields with a name that is no token,
    /// which no source sends, are left out.
    ///
    /// - Throws: ``SubscriptionError``, if the method is no token or the URL has no host.
    public init(_ request: EventSourceRequest) throws(SubscriptionError) {
      guard let method = HTTPRequest.Method(rawValue: request.method),
        let parts = URLComponents(url: request.url, resolvingAgainstBaseURL: true), let host = parts.encodedHost,
        !host.isEmpty
      else { throw SubscriptionError(.request, "the request's method is no token, or its URL has no host") }
      let path = (parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath)
      self.init(
        method: method, scheme: parts.scheme, authority: parts.port.map { "\(host):\($0)" } ?? host,
        path: parts.percentEncodedQuery.map { "\(path)?\($0)" } ?? path, headerFields: HTTPFields(request.headers))
    }
  }

  extension HTTPResponse {
    /// Makes a response with the status and fields of a head.
    public init(_ head: ResponseHead) {
      self.init(
        status: HTTPResponse.Status(code: min(max(head.status, 0), 999)), headerFields: HTTPFields(head.headers))
    }
  }

  extension HTTPFields {
    /// Makes fields; one with a name that is no token is left out.
    public init(_ headers: [HeaderField]) {
      self.init()
      for field in headers {
        if let name = HTTPField.Name(field.name) { append(HTTPField(name: name, value: field.value)) }
      }
    }
  }
#endif
