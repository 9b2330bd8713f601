import CEventSource
import EventSourceFormat
import Glibc

/// The version, as a C string that is never freed.
// Sendable, because the text never changes.
private nonisolated(unsafe) let version = UnsafePointer(strdup(packageVersion)!)

/// See the header.
@c @implementation
public func es_version() -> UnsafePointer<CChar>! { version }
