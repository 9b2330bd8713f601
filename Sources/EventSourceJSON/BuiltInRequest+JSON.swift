#if canImport(EventSourceBuiltInServer)
  public import EventSourceBuiltInServer
  public import Foundation

  extension BuiltInRequest {
    /// Returns the body, decoded as JSON (RFC 8259).
    ///
    /// ```swift
    /// server.route("POST", at: "/orders") { request in
    ///   let order = try request.json(as: Order.self)
    ///   return try .json(encoding: book(order), status: 201)
    /// }
    /// ```
    ///
    /// A request whose `Content-Type` is not JSON is rejected. A request without `Content-Type` is accepted, so this
    /// check alone does not prevent pages of other origins from posting.
    ///
    /// - Throws: ``JSONBodyError``. If a route rethrows it, the response is 400 or 415 with one line that names the
    ///   place.
    public func json<Value: Decodable>(
      as type: Value.Type = Value.self, decoder: JSONDecoder = JSONDecoder()
    ) throws(JSONBodyError) -> Value {
      if let field = field("Content-Type"), !Self.isJSON(field) { throw .notJSON }
      do {
        return try JSONError.decode(type, from: Data(body), by: decoder)
      } catch {
        throw .undecodable(error)
      }
    }

    /// Returns whether a media type is `application/json` or has the suffix `+json` (RFC 6839, 3.1).
    private static func isJSON(_ field: String) -> Bool {
      let type = field.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
      return type == "application/json" || type == "text/json"
        || type.hasPrefix("application/") && type.hasSuffix("+json")
    }
  }

  /// A reason why the body of a request is not the JSON that a route expects. A route can throw it as its response.
  public enum JSONBodyError: RouteError, Hashable, CustomStringConvertible {
    /// `Content-Type` is not JSON. The response is 415.
    case notJSON
    /// The body is not JSON, or not of the expected form. The response is 400.
    case undecodable(JSONError)

    /// A one-line description for the author of the client.
    public var description: String {
      switch self {
      case .notJSON: "the Content-Type of the body is not application/json"
      case .undecodable(let error):
        error.path.isEmpty && error.reason != .malformed ? "the body: \(error)" : "\(error)"
      }
    }

    /// A response with status 400 or 415 and the description.
    public var response: BuiltInResponse {
      switch self {
      case .notJSON: .text("\(self)\n", status: 415)
      case .undecodable: .text("\(self)\n", status: 400)
      }
    }
  }
#endif
