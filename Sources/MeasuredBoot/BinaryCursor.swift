/// Little-endian fields of untrusted bytes, taken one after the other; nil where they end too early.
struct BinaryCursor {
  private let bytes: ArraySlice<UInt8>
  private var place: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    place = bytes.startIndex
  }

  init(_ bytes: [UInt8]) { self.init(bytes[...]) }

  /// Where the next field begins, counted from the first byte.
  var offset: Int { place - bytes.startIndex }

  /// How many bytes are left.
  var left: Int { bytes.endIndex - place }

  /// The next bytes.
  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, count <= left else { return nil }
    defer { place += count }
    return bytes[place..<place + count]
  }

  /// The next number.
  mutating func take<Number: FixedWidthInteger>(_: Number.Type) -> Number? {
    guard let field = take(MemoryLayout<Number>.size) else { return nil }
    return field.reversed().reduce(0) { $0 << 8 | Number($1) }
  }

  /// The next number of 32 bits, as a count or a size.
  mutating func takeSize() -> Int? { take(UInt32.self).map { Int($0) } }

  /// Passes over bytes.
  mutating func skip(_ count: Int) -> Bool { take(count) != nil }
}
