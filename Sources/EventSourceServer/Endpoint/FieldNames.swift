/// Names of response fields that a configuration cannot add, in lower case.
enum FieldNames {
  /// Those of the head of every stream.
  static let ofEveryStream: Set<String> = ["cache-control", "content-type", "x-accel-buffering"]

  /// Those of the policy for other origins, which holds one value each.
  static let crossOrigin: Set<String> = [
    "access-control-allow-credentials", "access-control-allow-origin", "access-control-expose-headers",
  ]
}
