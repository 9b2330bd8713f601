#if canImport(FoundationNetworking)
  internal import Foundation
  public import FoundationNetworking
#else
  public import Foundation
#endif

extension SubscriptionRequest {
  /// Creates a request from the URL, method, fields and body of a Foundation request.
  ///
  /// - Throws: ``SubscriptionError``, if it has no URL, or if its body is a stream, which cannot be sent again.
  public init(_ request: URLRequest) throws(SubscriptionError) {
    guard let url = request.url else { throw SubscriptionError(.request, "the URLRequest has no URL") }
    guard request.httpBodyStream == nil else {
      throw SubscriptionError(.request, "the URLRequest's body is a stream; set httpBody, which can be sent again")
    }
    let fields = (request.allHTTPHeaderFields ?? [:]).sorted { $0.key < $1.key }
    self.init(
      url, method: request.httpMethod ?? "GET", headers: fields.map { HeaderField($0.key, $0.value) },
      body: request.httpBody.map { Array($0) })
  }
}
