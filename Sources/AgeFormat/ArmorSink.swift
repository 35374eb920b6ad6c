internal import SecretMemory
internal import Synchronization

/// Writes what it gets as armor, which survives where only text does.
///
/// `finish` writes its last line; without it there is no valid armor.
package final class ArmorSink: ByteSink {
  private struct State {
    var hasBegun = false
    var pending: [UInt8] = []
    var text: [UInt8] = []
  }

  private let sink: any ByteSink
  private let state = Mutex(State())

  package init(_ sink: any ByteSink) {
    self.sink = sink
  }

  package func write(_ bytes: RawSpan) throws {
    try state.withLock { state in
      state.pending.append(bytes)
      let whole =
        state.pending.count / ArmorText.bytesInALine * ArmorText.bytesInALine
      try flush(whole, &state)
    }
  }

  /// Writes what is left and the end line; throws what the sink throws.
  package func finish() throws {
    try state.withLock { state in
      try flush(state.pending.count, &state)
      state.text.append(contentsOf: ArmorText.end + [ArmorText.newline])
      try state.text.withBytes { try sink.write($0) }
      state.text = []
    }
  }

  private func flush(_ count: Int, _ state: inout State) throws {
    state.text.removeAll(keepingCapacity: true)
    if !state.hasBegun {
      state.text.append(contentsOf: ArmorText.begin + [ArmorText.newline])
      state.hasBegun = true
    }
    state.pending.withBytes { bytes in
      for start in stride(from: 0, to: count, by: ArmorText.bytesInALine) {
        let end = min(start + ArmorText.bytesInALine, count)
        ArmorText.encode(bytes.extracting(start..<end), to: &state.text)
        state.text.append(ArmorText.newline)
      }
    }
    state.pending.removeFirst(count)
    try state.text.withBytes { try sink.write($0) }
    state.text.removeAll(keepingCapacity: true)
  }
}
