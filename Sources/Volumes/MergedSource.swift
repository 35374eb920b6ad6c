import Repository
import SecretMemory
import Signatures
import Vocabulary

/// A store as it will be once a set has been taken in: what the store has counts, the set fills in.
struct MergedSource: BlobSource {
  /// Where chains of entries lie that travel.
  private static let areas = ["ledger", "rewraps"]

  private let store: any BlobSource
  private let set: VolumeSet
  /// What the set has of each folder of entries.
  private let chains: [String: Set<String>]

  init(_ store: any BlobSource, and set: VolumeSet) {
    (self.store, self.set) = (store, set)
    var chains: [String: Set<String>] = [:]
    for name in set.names {
      let parts = name.path.split(separator: "/").map(String.init)
      guard parts.count == 3, Self.areas.contains(parts[0]) else { continue }
      chains[parts[0], default: []].insert(parts[1])
      chains["\(parts[0])/\(parts[1])", default: []].insert(parts[2])
    }
    self.chains = chains
  }

  var location: String { store.location }

  /// Whether the set carries entries of a host, or about what was rewrapped of its objects.
  func hasTravelled(_ host: KeyID) -> Bool {
    Self.areas.contains { chains[$0]?.contains("\(host)") == true }
  }

  /// The entries of a host that travel, and those about what was rewrapped of its objects.
  func travellingEntries(of host: KeyID) -> [ObjectName] {
    Self.areas.flatMap { area in
      (chains["\(area)/\(host)"] ?? []).sorted().filter { $0.hasSuffix(".json") }
        .compactMap { ObjectName(travelling: "\(area)/\(host)/\($0)") }
    }
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
    try Set(store.list(folder)).union(chains[folder] ?? []).sorted()
  }
}
