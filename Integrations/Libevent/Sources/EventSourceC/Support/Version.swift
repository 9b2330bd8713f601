import CEventSource
import EventSourceFormat
import Glibc

/// The version, in memory that is never freed.
// Sendable, because the text is never changed.
private nonisolated(unsafe) let version = UnsafePointer(strdup(packageVersion)!)

/// See the header.
@c @implementation
public func es_version() -> UnsafePointer<CChar>! { version }
