/// One entry of an archive's table of contents, as far as observer and restore need it.
struct ArchiveEntry {
  /// The number its data block carries.
  let id: Int
  /// Whether a data block follows for it.
  let hasData: Bool
  /// The object's name.
  let tag: String
  /// What it is, for example `TABLE DATA`.
  let kind: String
  /// The schema, empty where it has none.
  let schema: String
  /// The statement that makes it, empty where there is none.
  let definition: String
  /// The statement its rows belong to, empty where it has none.
  let copyStatement: String
  /// The numbers of what must be there before it; some are of no entry.
  let dependencies: [Int]

  /// Reads one entry; after the one that names the archive's encoding, the cursor decodes by it.
  init(_ cursor: inout ArchiveCursor, minorVersion: UInt8) throws(ArchiveTrouble) {
    id = try cursor.integer()
    hasData = try cursor.integer() != 0
    for _ in 0..<2 { try cursor.skipString() }  // catalog and object number
    tag = try cursor.string() ?? ""
    kind = try cursor.string() ?? ""
    _ = try cursor.integer()  // section
    definition = try cursor.string() ?? ""
    try cursor.skipString()  // drop statement
    copyStatement = try cursor.string() ?? ""
    schema = try cursor.string() ?? ""
    for _ in 0..<2 { try cursor.skipString() }  // tablespace, access method
    if minorVersion >= 16 { _ = try cursor.integer() }  // kind of relation
    for _ in 0..<2 { try cursor.skipString() }  // owner, with oids
    var dependencies: [Int] = []
    // As text, ended by NULL.
    while let number = try cursor.string() { dependencies += Int(number).map { [$0] } ?? [] }
    self.dependencies = dependencies
    try cursor.skipOffset()
    if kind == "ENCODING" { cursor.encoding = ServerEncoding(statement: definition) }
  }
}
