#if canImport(EventSourceBuiltInServer)
  public import EventSourceBuiltInServer
  public import Foundation

  extension BuiltInResponse {
    /// A value as JSON, with `Content-Type: application/json`.
    ///
    /// - Throws: What encoding throws; a route that throws it on answers with 500.
    public static func json(
      encoding value: some Encodable, status: Int = 200, encoder: JSONEncoder = JSONEncoder()
    ) throws -> BuiltInResponse {
      var response = BuiltInResponse.json("", status: status)
      response.body = Array(try encoder.encode(value))
      return response
    }
  }
#endif
