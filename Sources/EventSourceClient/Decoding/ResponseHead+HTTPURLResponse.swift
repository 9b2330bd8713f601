#if canImport(FoundationNetworking)
  internal import Foundation
  public import FoundationNetworking
#else
  public import Foundation
#endif

extension ResponseHead {
  /// Creates a head from a Foundation response. Foundation joins fields of the same name into one, with commas between
  /// the values.
  public init(_ response: HTTPURLResponse) {
    self.init(
      status: response.statusCode,
      headers: response.allHeaderFields.map { HeaderField("\($0.key)", "\($0.value)") },
      url: response.url ?? URL(fileURLWithPath: "/"))
  }
}
