import ArgumentParser
import Keeping
import OperatorConsole
import Repository
import Signatures
import Stores
import SystemPackage
import Vocabulary

/// Which store, and whose signatures in it are trusted.
struct KeeperOptions: ParsableArguments {
  /// Whose temporary files a keeper's are.
  static let writer = "keeper"

  @Option(help: "The store: a directory.", completion: .directory)
  var store: String

  @Option(
    help: ArgumentHelp(
      "A backed-up host's public key, as 'coffer-backup init' wrote it. May be repeated.",
      discussion: "It is remembered: later runs need not be told again."),
    completion: .file())
  var trust: [String] = []

  @Option(
    help: ArgumentHelp(
      "The public key of an officer who rewraps, his record.pub. May be repeated.",
      discussion: "It is remembered, too."),
    completion: .file())
  var officer: [String] = []

  @Option(
    help: "The keeper's own folder. [default: the folder 'keeper' in the store]",
    completion: .directory)
  var state: String?

  /// Opens the store's folder, not yet looked at.
  ///
  /// - Throws: `keeper.remote` where the store is another machine's.
  func openStore() throws -> any BlobStore {
    let opened = try StoreRegistry.open(store, writer: Self.writer)
    // From afar a keeper would be a host: he could add, and his folder would be made here.
    guard opened is DirectoryStore else {
      throw OperatorError(
        "keeper.remote", .usage, "\(store) is another machine's: a keeper works where a store lies",
        hint: "run this there, and name the store's folder")
    }
    return opened
  }

  /// Opens the store and the keeper's folder, and remembers the keys that were named.
  func open() throws -> (store: any BlobStore, keeper: KeeperFolder) {
    let store = try openStore()
    // Nothing is made in a folder that is no store.
    _ = try StoreFormat.load(from: store)
    let keeper = try KeeperFolder(state.map { FilePath($0) }, of: FilePath(self.store))
    let hosts = KnownHosts(in: keeper)
    for path in trust { try hosts.remember(VerifyingKey(hostKeyAt: FilePath(path))) }
    for path in officer {
      try hosts.remember(officer: VerifyingKey(officerKeyAt: FilePath(path)))
    }
    return (store, keeper)
  }

  /// As `open`, and tells who looks at a keeper's store from another folder than his.
  ///
  /// For verbs that do not need his key: without his entries, what he let go of looks lost.
  func open(telling console: Console) throws -> (store: any BlobStore, keeper: KeeperFolder) {
    let (store, folder) = try open()
    if try KeeperRecord.isSomebodyElses(in: store, of: folder) {
      console.warn(
        "the store has entries of a keeper, and \(folder.path) is not his folder: what he let go of looks lost from "
          + "here; --state names his")
    }
    return (store, folder)
  }
}
