import Glibc
import SystemPackage

/// Where a drill works and keeps its key where nobody says otherwise.
enum DrillPlaces {
  /// `TMPDIR`, or `/var/tmp`, which unlike `/tmp` lies on disk: a deployment may be large.
  static var scratch: String { environment("TMPDIR") ?? "/var/tmp" }

  /// In the service's state folder, or the user's.
  static var key: FilePath {
    let state =
      environment("STATE_DIRECTORY") ?? environment("XDG_STATE_HOME").map { $0 + "/coffer" }
      ?? (environment("HOME") ?? "/root") + "/.local/state/coffer"
    return FilePath(state).appending("drill.key")
  }

  private static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }
}
