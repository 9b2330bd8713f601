import Glibc
import Synchronization

/// What a C program may hold as a pointer to an incomplete type.
package protocol ProgramObject: AnyObject, Sendable {
  /// What marks a handle as one of this kind: any number that no other kind has, and that is unlikely in other memory.
  static var handleMark: UInt64 { get }
  /// What the header calls it.
  static var handleName: StaticString { get }
}

/// What the program holds is the address of a record, not of the object: the record outlives the object, so that a
/// handle which is used too late is noticed instead of followed.
package enum Handle {
  private struct Record {
    var mark: UInt64
    /// How many forks there were behind this process when the object was made.
    var forks: Int
    var object: UnsafeMutableRawPointer?
  }

  private static let freedMark: UInt64 = 0x6573_2D66_7265_6564
  /// How many freed records are kept before the first of them is used again.
  private static let mostFreed = 1024
  private static let freed = Mutex<[UInt]>([])  // Addresses.
  private static let forks = Atomic(0)
  private static let watchForks: Void = {
    _ = pthread_atfork(nil, nil, { Handle.forks.add(1, ordering: .relaxed) })
  }()

  /// Retains an object for the program.
  package static func make<Object: ProgramObject>(_ object: Object) -> OpaquePointer {
    watchForks
    let reused = freed.withLock { $0.count > mostFreed ? $0.removeFirst() : nil }
    let handle =
      reused.flatMap { OpaquePointer(bitPattern: $0) }
      ?? OpaquePointer(UnsafeMutablePointer<Record>.allocate(capacity: 1))
    UnsafeMutablePointer<Record>(handle).initialize(
      to: Record(
        mark: Object.handleMark, forks: forks.load(ordering: .relaxed),
        object: Unmanaged.passRetained(object).toOpaque()))
    return handle
  }

  /// The object of a handle.
  ///
  /// - Throws: `ES_NULL_ARGUMENT` for NULL, `ES_INVALID_HANDLE` for what is no handle of this kind any more.
  package static func object<Object: ProgramObject>(
    _ handle: OpaquePointer?, _ name: String, as type: Object.Type = Object.self
  ) throws(Failure) -> Object {
    let record = try record(of: try required(handle, name), name, type)
    return Unmanaged<Object>.fromOpaque(record.pointee.object!).takeUnretainedValue()
  }

  /// Gives back what the program held; NULL is nothing to give back, and a handle that is none is left alone.
  package static func free<Object: ProgramObject>(_ handle: OpaquePointer?, as type: Object.Type) {
    guard let handle else { return }
    do {
      let record = try record(of: handle, "what is freed", type)
      let object = Unmanaged<Object>.fromOpaque(record.pointee.object!)
      record.pointee = Record(mark: freedMark, forks: record.pointee.forks, object: nil)
      freed.withLock { $0.append(UInt(bitPattern: handle)) }
      object.release()
    } catch {
      LastError.set(error.message)
    }
  }

  private static func record<Object: ProgramObject>(
    of handle: OpaquePointer, _ name: String, _ type: Object.Type
  ) throws(Failure) -> UnsafeMutablePointer<Record> {
    guard Int(bitPattern: handle) & (MemoryLayout<Record>.alignment - 1) == 0 else {
      throw Failure(.invalidHandle, "\(name) is no \(type.handleName)")
    }
    let record = UnsafeMutablePointer<Record>(handle)
    guard record.pointee.mark == type.handleMark else {
      throw Failure(
        .invalidHandle,
        record.pointee.mark == freedMark ? "\(name) was freed before" : "\(name) is no \(type.handleName)")
    }
    guard record.pointee.forks == forks.load(ordering: .relaxed) else {
      throw Failure(.invalidHandle, "\(name) was made before fork(), which its threads do not survive; make a new one")
    }
    return record
  }
}

/// An argument that must not be NULL.
package func required<Argument>(_ argument: Argument?, _ name: String) throws(Failure) -> Argument {
  guard let argument else { throw Failure(.nullArgument, "\(name) is NULL") }
  return argument
}
