import Testing

/// Tests with real connections. Serialized, because some count the process's descriptors.
@Suite(.serialized) enum OverASocket {}
