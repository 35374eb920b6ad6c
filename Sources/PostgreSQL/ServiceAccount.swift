internal import Glibc
internal import Subprocess

/// The unprivileged account a server runs as when this process is root, because PostgreSQL refuses
/// to run as root.
struct ServiceAccount: Sendable {
  /// The account's number.
  let userID: uid_t
  /// Its group's number.
  let groupID: gid_t

  /// An account to run a server as; nil where this process is not root and needs none.
  ///
  /// One made for it, else one that owns nothing: what escapes from a hostile dump shall not come out
  /// as the account of the host's own databases. That one is taken only where there is no other.
  static func needed() -> ServiceAccount? {
    guard geteuid() == 0 else { return nil }
    return ["coffer-drill", "nobody", "postgres"].lazy.compactMap(named).first
      ?? ServiceAccount(userID: 65534, groupID: 65534)
  }

  /// What to run so that a program runs as an account, with no group of ours left.
  ///
  /// setpriv(1), which every Debian has, becomes the program. Subprocess could change the account itself, but
  /// in a child made by clone3(2), where glibc waits for ever for a thread that was just being made.
  static func command(_ program: [String], as account: ServiceAccount?) -> [String] {
    guard let account else { return program }
    return [
      "/usr/bin/setpriv", "--reuid=\(account.userID)", "--regid=\(account.groupID)",
      "--clear-groups", "--",
    ] + program
  }

  /// Runs a program in a session of its own, so that its children end with it.
  static var session: PlatformOptions {
    var options = PlatformOptions()
    options.createSession = true
    options.teardownSequence = [
      .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(2))
    ]
    return options
  }

  /// Whether it may go through a folder, by the folder's mode.
  func mayPass(_ folder: String) -> Bool {
    var status = stat()
    guard unsafe stat(folder, &status) == 0 else { return false }
    let bit = status.st_uid == userID ? S_IXUSR : status.st_gid == groupID ? S_IXGRP : S_IXOTH
    return status.st_mode & bit != 0
  }

  private static func named(_ name: String) -> ServiceAccount? {
    var entry = unsafe passwd()
    var found: UnsafeMutablePointer<passwd>?
    var room = [CChar](repeating: 0, count: 16 << 10)
    let size = room.count
    guard unsafe getpwnam_r(name, &entry, &room, size, &found) == 0, unsafe found != nil else {
      return nil
    }
    return unsafe ServiceAccount(userID: entry.pw_uid, groupID: entry.pw_gid)
  }
}
