import Repository
import SecretMemory
import Signatures
import Vocabulary

/// A store as it will be once a set has been taken in: what the store has counts, the set fills in.
struct MergedSource: BlobSource {
  private let store: any BlobSource
  private let set: VolumeSet
  private let ledgers: [String: Set<String>]

  init(_ store: any BlobSource, and set: VolumeSet) {
    (self.store, self.set) = (store, set)
    var ledgers: [String: Set<String>] = [:]
    for name in set.names where name.path.hasPrefix("ledger/") {
      let parts = name.path.split(separator: "/").map(String.init)
      ledgers["ledger", default: []].insert(parts[1])
      ledgers["ledger/\(parts[1])", default: []].insert(parts[2])
    }
    self.ledgers = ledgers
  }

  var location: String { store.location }

  /// Whether the set carries entries of a host.
  func hasTravelled(_ host: KeyID) -> Bool { ledgers["ledger"]?.contains("\(host)") == true }

  /// The files of a host's ledger that travel.
  func travellingFiles(of host: KeyID) -> [String] {
    (ledgers["ledger/\(host)"] ?? []).sorted()
  }

  func read(_ name: ObjectName, _ range: Range<Int>?) throws -> [UInt8] {
    guard try store.size(of: name) == nil else { return try store.read(name, range) }
    let bytes = try set.ledgerFile(name)
    guard let range else { return bytes }
    guard range.upperBound <= bytes.count else {
      throw OperatorError(
        "object.short", .mismatch, "\(name) ends before byte \(range.upperBound)")
    }
    return Array(bytes[range])
  }

  func stream(_ name: ObjectName, _ consume: (RawSpan) throws -> Void) throws {
    try read(name, nil).withBytes { try consume($0) }
  }

  func size(of name: ObjectName) throws -> Int? {
    try store.size(of: name) ?? set.size(of: name)
  }

  func list(_ folder: String) throws -> [String] {
    try Set(store.list(folder)).union(ledgers[folder] ?? []).sorted()
  }
}
