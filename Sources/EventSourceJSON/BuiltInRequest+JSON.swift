#if canImport(EventSourceBuiltInServer)
  public import EventSourceBuiltInServer
  public import Foundation

  extension BuiltInRequest {
    /// The body, decoded as JSON (RFC 8259).
    ///
    /// ```swift
    /// server.route("POST", "/orders") { request in
    ///   let order = try request.json(as: Order.self)
    ///   return try .json(encoding: book(order), status: 201)
    /// }
    /// ```
    ///
    /// A request that says its body is something else than JSON is refused; one that says nothing is not, so this alone
    /// does not keep pages of other origins from posting.
    ///
    /// - Throws: ``JSONBodyError``. A route that throws it on answers with 400 or 415 and one line that names the
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

    /// Whether a media type is `application/json`, or another one with JSON inside (RFC 6839, 3.1).
    private static func isJSON(_ field: String) -> Bool {
      let type = field.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
      return type == "application/json" || type == "text/json"
        || type.hasPrefix("application/") && type.hasSuffix("+json")
    }
  }

  /// Why the body of a request is not the JSON that a route expects. A route that throws it answers with it.
  public enum JSONBodyError: RouteError, Hashable, CustomStringConvertible {
    /// `Content-Type` names something else than JSON: 415.
    case notJSON
    /// The body is not JSON, or not what is expected: 400.
    case undecodable(JSONError)

    /// One line for the person who wrote the client.
    public var description: String {
      switch self {
      case .notJSON: "the Content-Type of the body is not application/json"
      case .undecodable(let error):
        error.path.isEmpty && error.reason != .malformed ? "the body: \(error)" : "\(error)"
      }
    }

    /// 400 or 415 with the description.
    public var response: BuiltInResponse {
      switch self {
      case .notJSON: .text("\(self)\n", status: 415)
      case .undecodable: .text("\(self)\n", status: 400)
      }
    }
  }
#endif
