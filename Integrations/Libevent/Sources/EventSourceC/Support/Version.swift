import CEventSource
import Glibc

/// That of the header with which the library was built, in memory that is never freed.
// Sendable, because the text is never changed.
private nonisolated(unsafe) let version = UnsafePointer(strdup(ES_VERSION)!)

/// See the header.
@c @implementation
public func es_version() -> UnsafePointer<CChar>! { version }
