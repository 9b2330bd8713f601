#if canImport(EventSourceBuiltInServer)
  public import EventSourceBuiltInServer
  public import Foundation

  extension BuiltInResponse {
    /// Returns a response with a value as JSON and `Content-Type: application/json`.
    ///
    /// - Throws: Any error from encoding the value. If a route rethrows it, the response is 500.
    public static func json(
      encoding value: some Encodable, status: Int = 200, encoder: JSONEncoder = JSONEncoder()
    ) throws -> BuiltInResponse {
      var response = BuiltInResponse.json("", status: status)
      response.body = Array(try encoder.encode(value))
      return response
    }
  }
#endif
