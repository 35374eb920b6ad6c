internal import Glibc

/// Who acts: the account of the process, and the machine.
package struct Actor: Sendable, Hashable, Codable {
  /// The name of the account; its number where it has none.
  package let user: String
  /// The number of the account.
  package let uid: Int
  /// Who became that account by `sudo`; not proven, for the caller sets it.
  package let sudoUser: String?
  /// The name of the machine.
  package let host: String

  /// Whoever runs this process.
  package static func current() -> Actor {
    let uid = getuid()
    return Actor(user: name(of: uid), uid: Int(uid), sudoUser: sudoUser(), host: host())
  }

  private static func name(of uid: uid_t) -> String {
    var entry = unsafe passwd()
    var found: UnsafeMutablePointer<passwd>?
    var room = [CChar](repeating: 0, count: 16 * 1024)
    // The name lies in `room`, and is copied out of it here.
    let name: String? = unsafe room.withUnsafeMutableBufferPointer { room in
      guard let start = room.baseAddress,
        unsafe getpwuid_r(uid, &entry, start, room.count, &found) == 0, unsafe found != nil,
        let name = unsafe entry.pw_name
      else { return nil }
      return unsafe String(cString: name)
    }
    return name ?? "\(uid)"
  }

  private static func sudoUser() -> String? {
    guard let value = unsafe getenv("SUDO_USER") else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }

  private static func host() -> String {
    var room = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&room, room.count - 1) == 0 else { return "unknown" }
    return String(decoding: room.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
