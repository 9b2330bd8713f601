import Testing

/// What is tested with real connections; one at a time, because some count the descriptors of the process.
@Suite(.serialized) enum OverASocket {}
