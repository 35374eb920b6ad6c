internal import Glibc
package import SystemPackage

extension CustodyRecord {
  /// Where the record is kept where nobody says otherwise: `/var/lib/coffer/custody` for root, for
  /// others `coffer/custody` in `$XDG_STATE_HOME` or `~/.local/state`.
  ///
  /// - Returns: nil where there is no home.
  package static func defaultState() -> FilePath? {
    if geteuid() == 0 { return "/var/lib/coffer/custody" }
    if let folder = variable("XDG_STATE_HOME") {
      return FilePath(folder).appending("coffer/custody")
    }
    return variable("HOME").map { FilePath($0).appending(".local/state/coffer/custody") }
  }

  private static func variable(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    // Relative paths are to be passed over (XDG Base Directory Specification).
    return text.hasPrefix("/") ? text : nil
  }
}
