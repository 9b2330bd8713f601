/// A stream as the hub's observers know it. In an object, so that a hub without observers has no room for it.
final class Occupant: Sendable {
  let reader: OccupancyChange.Reader

  init(_ reader: OccupancyChange.Reader) { self.reader = reader }
}
