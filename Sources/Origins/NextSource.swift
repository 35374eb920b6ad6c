import Synchronization

/// A source of which reading has begun before its turn to be saved.
package protocol ReadAhead: Sendable {
  /// Saves it: as `Origin.save`, which it takes the place of.
  ///
  /// Nothing of the reading goes on when it returns or throws.
  /// - Throws: as `Origin.save`. What failed ahead of the turn is not told, but tried again.
  func save(with context: SavingContext) async throws -> SavedSource

  /// Ends the reading, and waits until nothing of it is left.
  func end() async
}

/// The source whose turn comes next: the one before says when reading it may begin.
package final class NextSource: Sendable {
  private let origin: (any Origin)?
  private let reading = Mutex<(any ReadAhead)?>(nil)

  /// Names the source; nil where nothing is to be read ahead.
  package init(_ origin: (any Origin)?) {
    self.origin = origin
  }

  /// Begins to read it, where that was not begun and its kind can be read ahead.
  func begin() {
    reading.withLock { $0 = $0 ?? origin?.readAhead() }
  }

  /// Ends the reading, where one was begun: it may begin again.
  package func end() async {
    await take()?.end()
  }

  /// Hands over what was begun, or nil.
  package func take() -> (any ReadAhead)? {
    reading.withLock { reading in
      defer { reading = nil }
      return reading
    }
  }
}
