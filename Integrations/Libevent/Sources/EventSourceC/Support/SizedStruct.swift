package import CEventSource
import Glibc

/// A struct of the header that begins with its size, so that it may grow.
package protocol SizedStruct {
  /// All zero.
  init()
  /// What the header calls it.
  static var name: StaticString { get }
}

extension es_authorizer: SizedStruct { package static var name: StaticString { "es_authorizer" } }
extension es_event: SizedStruct { package static var name: StaticString { "es_event" } }
extension es_grant: SizedStruct { package static var name: StaticString { "es_grant" } }
extension es_logger: SizedStruct { package static var name: StaticString { "es_logger" } }
extension es_occupancy_observer: SizedStruct {
  package static var name: StaticString { "es_occupancy_observer" }
}
extension es_origins: SizedStruct { package static var name: StaticString { "es_origins" } }
extension es_repository: SizedStruct { package static var name: StaticString { "es_repository" } }
extension es_snapshots: SizedStruct { package static var name: StaticString { "es_snapshots" } }

extension SizedStruct {
  /// The largest struct that any version will have.
  private static var mostBytes: Int { 4096 }

  /// Reads a struct of the program's, which may have been built with an older or a newer header.
  ///
  /// - Throws: `ES_INVALID_VALUE` for a size that no version has, or a field that this version does not know.
  package init(reading pointer: UnsafePointer<Self>) throws(Failure) {
    self.init()
    let size = try Self.size(of: pointer)
    let known = min(size, MemoryLayout<Self>.size)
    _ = withUnsafeMutableBytes(of: &self) { memcpy($0.baseAddress!, pointer, known) }
    let unknown = UnsafeRawBufferPointer(start: UnsafeRawPointer(pointer) + known, count: size - known)
    guard unknown.allSatisfy({ $0 == 0 }) else {
      throw Failure(.invalidValue, "this library is too old for a field that the program sets in \(Self.name)")
    }
  }

  /// Reads an array, all of whose elements have the size that the first has.
  package static func array(_ pointer: UnsafePointer<Self>, count: Int) throws(Failure) -> [Self] {
    var elements: [Self] = []
    let stride = try size(of: pointer)
    for index in 0..<count {
      let element = (UnsafeRawPointer(pointer) + index * stride).assumingMemoryBound(to: Self.self)
      guard try size(of: element) == stride else {
        throw Failure(.invalidValue, "the elements of an array of \(name) have different sizes")
      }
      elements.append(try Self(reading: element))
    }
    return elements
  }

  private static func size(of pointer: UnsafePointer<Self>) throws(Failure) -> Int {
    let size = UnsafeRawPointer(pointer).load(as: UInt.self)
    let first = MemoryLayout<Self>.size
    if size == 0 { return first }
    guard size >= first, size <= mostBytes else {
      throw Failure(.invalidValue, "the size in \(name) is \(size), which no version has; this one has \(first)")
    }
    return Int(size)
  }
}
