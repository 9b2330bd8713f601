/// What a C program holds as a pointer to an incomplete type is an object that is retained for it until it is freed.
enum Handle {
  /// Retains an object for the program.
  static func make(_ object: AnyObject) -> OpaquePointer {
    OpaquePointer(Unmanaged.passRetained(object).toOpaque())
  }

  /// The object of a handle, of which the header's types see to it that it is of the right kind.
  ///
  /// - Throws: `ES_NULL_ARGUMENT` for NULL.
  static func object<Object: AnyObject>(
    _ handle: OpaquePointer?, _ name: String, as type: Object.Type = Object.self
  ) throws(Failure) -> Object {
    Unmanaged<Object>.fromOpaque(UnsafeRawPointer(try required(handle, name))).takeUnretainedValue()
  }

  /// Gives back what the program held; NULL is nothing to give back.
  static func free<Object: AnyObject>(_ handle: OpaquePointer?, as type: Object.Type) {
    guard let handle else { return }
    Unmanaged<Object>.fromOpaque(UnsafeRawPointer(handle)).release()
  }
}

/// An argument that must not be NULL.
func required<Argument>(_ argument: Argument?, _ name: String) throws(Failure) -> Argument {
  guard let argument else { throw Failure(.nullArgument, "\(name) is NULL") }
  return argument
}
