import Vocabulary

/// Where a store lies that is reached by ssh: `ssh://user@host:port/path`.
package struct SSHAddress: Sendable {
  let text: String
  /// What `ssh` is told: `user@host`, or the host alone.
  let destination: String
  let port: Int?
  /// The store's folder there.
  let path: String

  /// Reads an address.
  ///
  /// - Throws: `store.address`.
  init(_ text: String) throws {
    guard let parts = Self.parts(of: text) else {
      throw OperatorError(
        "store.address", .usage, "'\(text)' is no address of a store",
        hint: "write it as ssh://keeper@host/srv/coffer, or ssh://keeper@host:2222/srv/coffer")
    }
    self.text = text
    (destination, port, path) = parts
  }

  private static func parts(of text: String) -> (String, Int?, String)? {
    let scheme = "ssh://"
    guard text.hasPrefix(scheme) else { return nil }
    let rest = text.dropFirst(scheme.count)
    guard let slash = rest.firstIndex(of: "/") else { return nil }
    let (authority, path) = (rest[..<slash], rest[slash...])
    var place = authority
    var user: Substring?
    if let at = authority.lastIndex(of: "@") {
      user = authority[..<at]
      place = authority[authority.index(after: at)...]
    }
    var port: Int?
    if let colon = place.lastIndex(of: ":"), !place.hasSuffix("]") {
      guard let number = Int(place[place.index(after: colon)...]), (1...65535).contains(number)
      else { return nil }
      port = number
      place = place[..<colon]
    }
    if place.hasPrefix("["), place.hasSuffix("]") { place = place.dropFirst().dropLast() }
    guard isSafe(place), user.map(isSafe) ?? true, path.utf8.count > 1,
      path.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
    else { return nil }
    return ((user.map { "\($0)@" } ?? "") + place, port, String(path))
  }

  /// Whether a name is one, and nothing that `ssh` or a shell could take for something else.
  private static func isSafe(_ name: Substring) -> Bool {
    !name.isEmpty && !name.hasPrefix("-")
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "-._:%".utf8.contains(byte)
        }
      }
  }
}
