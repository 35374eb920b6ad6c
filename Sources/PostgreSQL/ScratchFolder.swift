internal import FoundationEssentials
internal import Glibc
internal import SystemPackage
internal import Vocabulary

/// The folder of a scratch cluster, locked for as long as its maker lives.
///
/// The lock tells a folder in use from one that a killed process left behind, with all of a restored
/// database in it.
final class ScratchFolder: Sendable {
  private static let prefix = "coffer-pg."
  private static let lockName = "maker.lock"

  /// Where it is.
  let path: String
  private let lock: CInt

  /// Makes a folder that only one account can enter.
  /// - Parameters:
  ///   - parent: the folder to make it in.
  ///   - account: the account to give it to; nil keeps it.
  /// - Throws: `OperatorError` `postgres.scratch-failed`.
  init(in parent: String, for account: ServiceAccount?) throws {
    // Under another name until it is locked, or a process that starts now would take it for left.
    let unnamed = "\(parent)/coffer-new."
    var name = Array("\(unnamed)XXXXXX".utf8CString)
    // A socket's path must fit into 107 bytes.
    guard name.count < 80, unsafe mkdtemp(&name) != nil else {
      throw Self.failure("no folder could be made in \(parent)")
    }
    let new = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    let path = "\(parent)/\(Self.prefix)\(new.dropFirst(unnamed.count))"
    // Before the folder is given away, so that nobody can put a link there first.
    let lock = unsafe open("\(new)/\(Self.lockName)", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0,
      account.map({ unsafe chown(new, $0.userID, $0.groupID) }) ?? 0 == 0,
      unsafe rename(new, path) == 0
    else {
      Self.remove(new)
      if lock >= 0 { close(lock) }
      throw Self.failure("\(new) could not be locked and given to its account")
    }
    self.path = path
    self.lock = lock
  }

  deinit {
    remove()
    close(lock)
  }

  /// Whether a cluster can lie in a folder: the path is short enough for a socket's, and the server's
  /// account gets there.
  static func isPossible(in parent: String, for account: ServiceAccount?) -> Bool {
    guard parent.hasPrefix("/"), parent.utf8.count <= 60, unsafe access(parent, W_OK | X_OK) == 0,
      let real = unsafe realpath(parent, nil)
    else { return false }
    defer { unsafe free(real) }
    guard let account else { return true }
    var folder = unsafe FilePath(platformString: real)
    while true {
      guard account.mayPass(folder.string) else { return false }
      guard folder.removeLastComponent() else { return true }
    }
  }

  /// Where the cluster's data is.
  static func data(in path: String) -> String { "\(path)/data" }

  /// Ends the server that runs in it and removes it; may be called again.
  func remove() {
    guard unsafe access(path, F_OK) == 0 else { return }
    Self.remove(path)
  }

  /// Removes what killed processes left behind.
  /// - Parameters:
  ///   - parent: the folder to look in.
  ///   - account: the account whose folders they would be.
  static func removeLeftovers(in parent: String, of account: ServiceAccount?) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    for name in names where name.hasPrefix(prefix) {
      let path = "\(parent)/\(name)"
      guard owner(of: path) == account?.userID ?? geteuid() else { continue }
      let lock = unsafe open("\(path)/\(lockName)", O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
      guard lock >= 0 else { continue }
      if flock(lock, LOCK_EX | LOCK_NB) == 0 { remove(path) }
      close(lock)
    }
  }

  private static func remove(_ path: String) {
    let lock = "\(data(in: path))/postmaster.pid"
    if let server = server(lock, owner: owner(of: path)) {
      // Quit means at once, without the checkpoint that nobody needs here.
      kill(server, SIGQUIT)
      for _ in 0..<2000 where unsafe access(lock, F_OK) == 0 && kill(server, 0) == 0 {
        usleep(5000)
      }
      if unsafe access(lock, F_OK) == 0 { kill(server, SIGKILL) }
    }
    // A program that was just ended may still have put a file there.
    for _ in 0..<100 {
      try? FileManager.default.removeItem(atPath: path)
      guard unsafe access(path, F_OK) == 0 else { return }
      usleep(20_000)
    }
  }

  /// The account could write any number into its file: only its own processes are ended.
  private static func server(_ lock: String, owner account: uid_t?) -> pid_t? {
    guard let bytes = FileManager.default.contents(atPath: lock),
      let first = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first,
      let process = pid_t(first), process > 1, let account,
      owner(of: "/proc/\(process)") == account
    else { return nil }
    return process
  }

  private static func owner(of path: String) -> uid_t? {
    var status = stat()
    return unsafe lstat(path, &status) == 0 ? status.st_uid : nil
  }

  private static func failure(_ what: String) -> OperatorError {
    OperatorError(
      "postgres.scratch-failed", .failed, what,
      hint: "name a folder with a short name that can be written to")
  }
}
