/// A stream as reported to the hub's observers. A class, so that streams of hubs without observers reserve no space for
/// it.
final class Occupant: Sendable {
  let reader: OccupancyChange.Reader

  init(_ reader: OccupancyChange.Reader) { self.reader = reader }
}
