/// Callers name fields without importing the format.
@_exported public import struct EventSourceFormat.HeaderField
