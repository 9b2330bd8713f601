/// Lets callers use header fields without importing the format module.
@_exported public import struct EventSourceFormat.HeaderField
