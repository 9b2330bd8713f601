/// Names of response fields that a configuration cannot add, in lower case.
enum FieldNames {
  /// Those that say where the message ends, how the connection goes on, or when it was sent (RFC 9110, 6 and 7; RFC
  /// 9112). They are the stack's.
  static let framing: Set<String> = [
    "connection", "content-length", "content-range", "date", "keep-alive", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
  ]

  /// Those of the head of every stream.
  static let ofEveryStream: Set<String> = ["cache-control", "content-type", "x-accel-buffering"]

  /// Those of the policy for other origins, which holds one value each.
  static let crossOrigin: Set<String> = [
    "access-control-allow-credentials", "access-control-allow-origin", "access-control-expose-headers",
  ]
}
