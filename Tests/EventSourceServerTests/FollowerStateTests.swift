import Testing

@testable import EventSourceServer

/// Tests of following the store's order, without I/O.
@Suite struct FollowerStateTests {
  typealias State = FollowerState<String>
  private let first = SharedPosition(epoch: 7, number: 3)

  private func at(_ number: UInt64, _ epoch: UInt64 = 7) -> SharedPosition {
    SharedPosition(epoch: epoch, number: number)
  }

  private func anchored(limits: State.Limits = State.Limits()) -> State {
    var state = State(limits: limits)
    state.anchor(at: first)
    return state
  }

  private func popAll(_ state: inout State) -> [String] {
    var popped: [String] = []
    while let (position, element) = state.popNext() {
      #expect(element == "\(position)")
      popped.append(element)
    }
    return popped
  }

  private func receive(_ position: SharedPosition, _ state: inout State, bytes: Int = 10) {
    state.receive("\(position)", at: position, bytes: bytes)
  }

  private func answer(_ positions: [SharedPosition]) -> [(position: SharedPosition, element: String, bytes: Int)] {
    positions.map { ($0, "\($0)", 10) }
  }

  /// Tests every sequence of five messages with six positions, including repetitions: 7,776 sequences.
  @Test func whateverTheOrderOnlyTheNextNumberLeaves() {
    let numbers: [UInt64] = [2, 3, 4, 5, 6, 8]
    func extend(_ sequence: [UInt64]) {
      guard sequence.count < 5 else {
        var state = anchored()
        var out: [String] = []
        for number in sequence {
          receive(at(number), &state)
          out += popAll(&state)
        }
        var expected: [String] = []
        var next: UInt64 = 4
        while sequence.contains(next) {
          expected.append("\(at(next))")
          next += 1
        }
        #expect(out == expected, "\(sequence)")
        let isMissing = sequence.contains { $0 > next }
        #expect(state.wantsFill == isMissing, "\(sequence)")
        #expect(state.earlyCount == Set(sequence.filter { $0 > next }).count)
        return
      }
      for number in numbers { extend(sequence + [number]) }
    }
    extend([])
  }

  /// Tests every set of events that the feed delivers before, during and after a fill.
  @Test func aFillAndTheFeedTogetherGiveEachEventOnce() {
    let numbers: [UInt64] = [4, 5, 6, 7]
    for before in 0..<16 {
      for during in 0..<16 {
        for answered in 0...4 {
          var state = anchored()
          func feed(_ set: Int) -> [String] {
            var out: [String] = []
            for (index, number) in numbers.enumerated() where set & (1 << index) != 0 {
              receive(at(number), &state)
              out += popAll(&state)
            }
            return out
          }
          var out = feed(before)
          state.mayHaveLost()
          let start = state.beginFill()
          out += feed(during)
          let rest = numbers.map { at($0) }.filter { $0 > start }.prefix(answered)
          let result = state.filled(after: start, answer(Array(rest)))
          out += popAll(&state)
          #expect(result != .disordered)
          #expect(out == numbers.prefix(out.count).map { "\(at($0))" })
          #expect(state.end == (out.isEmpty ? first : at(numbers[out.count - 1])))
          // After fills until nothing is left, all events have arrived.
          state.mayHaveLost()
          while state.wantsFill {
            let start = state.beginFill()
            _ = state.filled(after: start, answer(numbers.map { at($0) }.filter { $0 > start }))
            out += popAll(&state)
          }
          #expect(out == numbers.map { "\(at($0))" }, "\(before) \(during) \(answered)")
          #expect(state.earlyCount == 0 && state.earlyBytes == 0)
        }
      }
    }
  }

  @Test func aNewEpochIsTakenFromTheStoreOnly() {
    var state = anchored()
    receive(at(0, 9), &state)
    receive(at(4, 6), &state)
    receive(at(9, 6), &state)
    #expect(popAll(&state) == [] && state.earlyCount == 0 && state.wantsFill)
    receive(at(5), &state)
    let start = state.beginFill()
    #expect(start == first && !state.wantsFill)
    #expect(state.filled(after: start, answer([at(4), at(0, 9), at(1, 9)])) == .progressed)
    #expect(popAll(&state) == ["7-4", "9-0", "9-1"])
    // The early event belongs to an epoch that is over.
    #expect(state.earlyCount == 0 && state.earlyBytes == 0 && !state.wantsFill)
    receive(at(2, 9), &state)
    #expect(popAll(&state) == ["9-2"])
  }

  @Test func anAnswerOutOfOrderIsNotTaken() {
    for wrong in [[at(5)], [at(3)], [at(4), at(6)], [at(4), at(4)], [at(4), at(5, 6)], [at(9, 6)], [at(4), at(3)]] {
      var state = anchored()
      state.mayHaveLost()
      let start = state.beginFill()
      #expect(state.filled(after: start, answer(wrong)) == .disordered, "\(wrong)")
      #expect(popAll(&state).count <= 1)
      #expect(state.wantsFill, "it is asked again")
    }
  }

  @Test func anAnswerThatContradictsTheFeedTakesNothing() {
    var state = anchored()
    state.mayHaveLost()
    let start = state.beginFill()
    receive(at(4), &state)
    receive(at(5), &state)
    // According to the store, nothing lies between 7-4 and the new epoch.
    #expect(state.filled(after: start, answer([at(4), at(0, 9)])) == .nothing)
    #expect(popAll(&state) == ["7-4", "7-5"] && state.end == at(5))
  }

  @Test func whatIsSaidAndNotThereIsForgotten() {
    var state = anchored()
    receive(at(.max), &state)
    state.hear(of: at(1, .max))
    #expect(state.wantsFill)
    #expect(state.filled(after: state.beginFill(), answer([])) == .nothingAsHeard)
    #expect(!state.wantsFill && state.earlyCount == 0 && state.earlyBytes == 0)
    // It is announced again during the fill, so the store must be asked again.
    state.hear(of: at(9))
    let start = state.beginFill()
    state.hear(of: at(10))
    #expect(state.filled(after: start, answer([])) == .nothing)
    #expect(state.wantsFill)
  }

  @Test func theLastNumberHasNoNext() {
    var state = State()
    state.anchor(at: at(.max))
    receive(at(.max), &state)
    receive(at(0), &state)
    #expect(popAll(&state) == [] && !state.wantsFill && at(.max).next == nil)
  }

  @Test func earlyEventsAreLimitedByBytesAndCount() {
    var state = anchored(limits: State.Limits(events: 8, bytes: 100))
    for number in stride(from: UInt64(1000), to: 5, by: -1) { receive(at(number), &state) }
    #expect(state.earlyCount == 8 && state.earlyBytes == 80)
    receive(at(5), &state, bytes: 30)
    #expect(state.earlyCount == 8)
    var large = anchored(limits: State.Limits(events: 8, bytes: 100))
    receive(at(6), &large, bytes: 101)
    #expect(large.earlyCount == 0 && large.wantsFill)
    // The same event received repeatedly is charged once.
    for _ in 0..<10 { receive(at(8), &large, bytes: 60) }
    #expect(large.earlyBytes == 60)
  }

  @Test func beforeTheBeginningIsKnownNothingIsKept() {
    var state = State()
    for number in 0..<100 as Range<UInt64> { receive(at(number), &state) }
    #expect(state.earlyCount == 0 && !state.wantsFill && state.popNext() == nil)
    state.anchor(at: at(50))
    #expect(state.wantsFill)
    #expect(state.filled(after: state.beginFill(), answer((51..<100).map { at($0) })) == .progressed)
    #expect(popAll(&state).count == 49 && !state.wantsFill)
  }

  @Test func whatWasHeardBeforeTheBeginningAndLiesBeforeItIsNotMissing() {
    var state = State()
    receive(at(50), &state)
    state.anchor(at: at(50))
    #expect(!state.wantsFill)
  }

  @Test func aFillThatFailedIsWantedAgain() {
    var state = anchored()
    state.mayHaveLost()
    _ = state.beginFill()
    #expect(!state.wantsFill && state.isFilling)
    state.fillFailed()
    #expect(state.wantsFill && !state.isFilling)
    state.reset()
    #expect(!state.wantsFill && state.end == nil)
    // The result of an earlier fill is ignored.
    #expect(state.filled(after: first, answer([at(4)])) == .disordered && state.popNext() == nil)
  }

  @Test func positionsAreOrderedByEpochFirst() {
    let sorted = [SharedPosition.beginning, at(0), at(5), at(.max), at(0, 8), at(1, 9)]
    for (index, position) in sorted.enumerated() {
      for (other, later) in sorted.enumerated() { #expect((position < later) == (index < other)) }
    }
    #expect(at(5).description == "7-5" && at(5).next == at(6))
  }
}
