/// Re-exported, so that callers can use fields without importing EventSourceFormat.
@_exported public import struct EventSourceFormat.HeaderField
