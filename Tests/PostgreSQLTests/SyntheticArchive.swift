/// Writes archives as pg_dump of any version would, for versions that are not installed here.
struct SyntheticArchive {
  private(set) var bytes: [UInt8] = []
  let minor: UInt8

  init(minor: UInt8, entries: Int) {
    self.minor = minor
    bytes = Array("PGDMP".utf8) + [1, minor, 0, 4, 8, 1]
    if minor >= 15 { bytes.append(0) } else { integer(0) }
    for value in [1, 2, 3, 4, 5, 126, 0] { integer(value) }
    for text in ["db", "17.1", "17.1"] { string(text) }
    integer(entries)
  }

  mutating func entry(
    _ id: Int, _ kind: String, tag: String, schema: String?, copy: String?, hasData: Bool,
    definition: String = "CREATE TABLE …"
  ) {
    integer(id)
    integer(hasData ? 1 : 0)
    for text in ["1259", "16384", tag, kind] { string(text) }
    integer(3)
    for text in [definition, "DROP TABLE …", copy, schema, "", "heap"] { string(text) }
    if minor >= 16 { integer(114) }
    for text in ["owner", "false", "5", "77", nil] { string(text) }
    bytes += [1] + [UInt8](repeating: 0, count: 8)
  }

  mutating func rows(_ id: Int, _ pieces: [String]) {
    bytes.append(1)
    integer(id)
    for piece in pieces { string(piece) }
    integer(0)
  }

  mutating func largeObjects(_ id: Int, _ objects: [(Int, [String])]) {
    bytes.append(3)
    integer(id)
    for (number, pieces) in objects {
      integer(number)
      for piece in pieces { string(piece) }
      integer(0)
    }
    integer(0)
  }

  private mutating func integer(_ value: Int) {
    bytes.append(value < 0 ? 1 : 0)
    bytes += (0..<4).map { UInt8(truncatingIfNeeded: abs(value) >> (8 * $0)) }
  }

  private mutating func string(_ text: String?) {
    guard let text else { return integer(-1) }
    integer(text.utf8.count)
    bytes += text.utf8
  }
}
