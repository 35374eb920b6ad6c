import Foundation

/// A store's folder, as somebody without any key sees it.
struct Store: Sendable {
  let path: String

  /// All objects, by name, with their size; temporary files are none.
  ///
  /// A run may be writing meanwhile: what it renames away is not looked at.
  func objects() throws -> [String: Int] {
    var objects: [String: Int] = [:]
    for top in try FileManager.default.contentsOfDirectory(atPath: path) where top != ".tmp" {
      let below = (try? FileManager.default.subpathsOfDirectory(atPath: "\(path)/\(top)")) ?? []
      for name in [top] + below.map({ "\(top)/\($0)" }) {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
        guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
        objects[name] = attributes[.size] as? Int
      }
    }
    return objects
  }

  /// The names of objects whose path starts and ends so, sorted.
  func names(_ folder: String, ending suffix: String = "") throws -> [String] {
    try objects().keys.filter { $0.hasPrefix(folder + "/") && $0.hasSuffix(suffix) }.sorted()
  }

  /// The payloads of packs.
  func packs() throws -> [String] { try names("packs").filter { !$0.hasSuffix(".header") } }

  /// The entries of the ledger, first to last.
  func entries() throws -> [String] { try names("ledger", ending: ".json") }

  /// What an entry of the ledger says was added.
  func added(by entry: String) throws -> [String] {
    struct Entry: Decodable {
      struct Object: Decodable { let name: String }
      let added: [Object]
    }
    return try JSONDecoder().decode(Entry.self, from: data(entry)).added.map(\.name)
  }

  /// What the last entry of the ledger added in a folder. (Ids of one second do not sort by time.)
  func latest(_ folder: String) throws -> [String] {
    guard let last = try entries().last else { return [] }
    return try added(by: last).filter { $0.hasPrefix(folder + "/") }
  }

  /// Everything that any entry of the ledger says was added.
  func addedByLedger() throws -> Set<String> {
    Set(try entries().flatMap { try added(by: $0) })
  }

  /// Bytes of an object.
  func data(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))
  }

  func write(_ data: Data, to name: String) throws {
    try data.write(to: URL(fileURLWithPath: "\(path)/\(name)"))
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: "\(path)/\(name)")
  }

  /// Changes one bit in the middle of an object.
  func flipAByte(of name: String) throws {
    var bytes = try data(name)
    bytes[bytes.count / 2] ^= 1
    try write(bytes, to: name)
  }

  /// A copy, as a keeper's disk or an attacker would have it.
  func copy(to other: String) throws -> Store {
    try? FileManager.default.removeItem(atPath: other)
    try FileManager.default.copyItem(atPath: path, toPath: other)
    return Store(path: other)
  }
}

/// The bytes of all files below a folder, to see that nothing of it was changed.
func contents(of folder: String) throws -> [String: Data] {
  var contents: [String: Data] = [:]
  for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
    contents[name] = FileManager.default.contents(atPath: "\(folder)/\(name)")
  }
  return contents
}
