import Keeping
import LocalFiles
import Repository
import Signatures
import Stores
import SystemPackage
import Vocabulary

/// The store that a set goes to; it may not be there yet.
struct ImportPlace {
  private let options: KeeperOptions

  init(_ options: KeeperOptions) {
    self.options = options
  }

  private var path: FilePath { FilePath(options.store) }

  /// The keys that were named.
  func namedKeys() throws -> [VerifyingKey] {
    try options.trust.map { try VerifyingKey(hostKeyAt: FilePath($0)) }
  }

  /// Opens the store, and makes the keeper's folder where it is missing.
  ///
  /// - Throws: `import.not-a-store` where something else is in the folder.
  func prepare() throws -> (store: any BlobStore, keeper: KeeperFolder) {
    let store = try open()
    let keeper = try KeeperFolder(options.state.map { FilePath($0) }, of: path)
    let hosts = KnownHosts(in: keeper)
    for key in try namedKeys() { try hosts.remember(key) }
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
    let store = try StoreRegistry.open(options.store, writer: "keeper")
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
