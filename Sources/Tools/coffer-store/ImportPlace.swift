import Keeping
import LocalFiles
import Repository
import Signatures
import Stores
import SystemPackage
import Vocabulary
import Volumes

/// The store that a set goes to; it may not be there yet.
struct ImportPlace {
  private let options: KeeperOptions
  private let keepers: [String]

  init(_ options: KeeperOptions, keepers: [String]) {
    (self.options, self.keepers) = (options, keepers)
  }

  private var path: FilePath { FilePath(options.store) }

  private func namedHosts() throws -> [VerifyingKey] {
    try options.trust.map { try VerifyingKey(hostKeyAt: FilePath($0)) }
  }

  private func namedOfficers() throws -> [VerifyingKey] {
    try options.officer.map { try VerifyingKey(officerKeyAt: FilePath($0)) }
  }

  private func namedKeepers() throws -> [VerifyingKey] {
    try keepers.map { try VerifyingKey(keeperKeyAt: FilePath($0)) }
  }

  /// Whose signatures count: of keys that were named, and of those that are remembered.
  func trust(_ folder: KeeperFolder?) throws -> ImportTrust {
    try ImportTrust(
      hosts: namedHosts(), officers: namedOfficers(), keepers: namedKeepers(), rememberedIn: folder)
  }

  /// Where rewrapped objects wait, beside the store, until all are there that belong together.
  var staging: DirectoryStore {
    DirectoryStore(
      path.appending(".tmp").appending(KeeperOptions.writer).appending("rewrapped"),
      writer: "staging")
  }

  /// Opens the store, and makes the keeper's folder where it is missing.
  ///
  /// - Throws: `import.not-a-store` where something else is in the folder, `import.store-lost` where the
  ///   keeper remembers a store that is not there.
  func prepare() throws -> (store: any BlobStore, keeper: KeeperFolder) {
    let store = try open()
    let keeper = try KeeperFolder(options.state.map { FilePath($0) }, of: path)
    guard try store.size(of: .format) != nil || !KeeperRecord.isRemembered(in: keeper) else {
      throw OperatorError(
        "import.store-lost", .refused,
        "\(path) holds no store, and \(keeper.path) remembers one with this keeper's entries",
        hint: "is its disk mounted? If it is lost, begin anew with another --state, and keep this"
          + " one")
    }
    let (hosts, others) = (KnownHosts(in: keeper), KnownKeepers(in: keeper))
    for key in try namedHosts() { try hosts.remember(key) }
    for key in try namedOfficers() { try hosts.remember(officer: key) }
    for key in try namedKeepers() { try others.remember(key) }
    return (store, keeper)
  }

  /// Opens what is there, and makes nothing.
  func look() throws -> (store: any BlobStore, keeper: KeeperFolder?) {
    let folder = options.state.map { FilePath($0) } ?? path.appending("keeper")
    let store = try open()
    guard LocalPath(folder).isFolder else { return (store, nil) }
    return (store, try KeeperFolder(options.state.map { FilePath($0) }, of: path))
  }

  /// Makes sure that there is room, before anything is written.
  ///
  /// - Throws: `import.no-space`.
  func requireSpace(for bytes: Int) throws {
    guard let free = LocalPath(path).freeBytes, free < bytes else { return }
    throw OperatorError(
      "import.no-space", .failed, "the set takes \(bytes) bytes, and \(path) has \(free) left",
      hint: "free space, then run again")
  }

  private func open() throws -> any BlobStore {
    let store = try options.openStore()
    if try store.size(of: .format) != nil { return store }
    // What a killed import left is ours, too.
    let foreign = ((try? LocalPath(path).names()) ?? []).filter {
      !["keeper", ".tmp"].contains($0)
    }
    guard foreign.isEmpty else {
      throw OperatorError(
        "import.not-a-store", .refused, "\(path) is no store, and not empty",
        hint: "name the store's folder, or a new one")
    }
    return store
  }
}
