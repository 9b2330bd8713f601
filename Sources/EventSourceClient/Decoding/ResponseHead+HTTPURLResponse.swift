#if canImport(FoundationNetworking)
  internal import Foundation
  public import FoundationNetworking
#else
  public import Foundation
#endif

extension ResponseHead {
  /// Makes the head of a response of Foundation's. Fields of one name are one field there, whose values are joined by
  /// commas.
  public init(_ response: HTTPURLResponse) {
    self.init(
      status: response.statusCode,
      headers: response.allHeaderFields.map { HeaderField("\($0.key)", "\($0.value)") },
      url: response.url ?? URL(fileURLWithPath: "/"))
  }
}
