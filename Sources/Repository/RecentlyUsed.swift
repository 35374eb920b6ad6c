/// Keeps the values used last, up to a limit, so that memory does not grow with what is read.
struct RecentlyUsed<Key: Hashable, Value> {
  private let limit: Int
  private var values: [Key: (value: Value, used: UInt64)] = [:]
  private var clock: UInt64 = 0

  init(limit: Int) {
    self.limit = limit
  }

  subscript(key: Key) -> Value? {
    mutating get {
      guard let found = values[key] else { return nil }
      clock += 1
      values[key]?.used = clock
      return found.value
    }
    set {
      clock += 1
      values[key] = newValue.map { ($0, clock) }
      // Few enough that a look at all of them costs less than keeping them in order.
      if values.count > limit, let oldest = values.min(by: { $0.value.used < $1.value.used }) {
        values[oldest.key] = nil
      }
    }
  }
}
