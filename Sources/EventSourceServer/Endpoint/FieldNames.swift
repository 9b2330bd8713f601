/// Names of response fields that a configuration cannot add, in lower case.
enum FieldNames {
  /// The fields in the head of every stream.
  static let ofEveryStream: Set<String> = ["cache-control", "content-type", "x-accel-buffering"]

  /// The cross-origin fields, each of which must have a single value.
  static let crossOrigin: Set<String> = [
    "access-control-allow-credentials", "access-control-allow-origin", "access-control-expose-headers",
  ]
}
