#if canImport(FoundationNetworking)
  internal import Foundation
  public import FoundationNetworking
#else
  public import Foundation
#endif

extension SubscriptionRequest {
  /// Makes a request of Foundation's: its URL, method, fields and body.
  ///
  /// - Throws: ``SubscriptionError``, if it has no URL, or a stream as its body, which cannot be sent again.
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
