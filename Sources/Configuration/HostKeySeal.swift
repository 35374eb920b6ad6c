internal import SystemPackage

/// That the host's signing key is a file which a TPM opens, and which TPM.
package struct HostKeySeal: Sendable, Equatable {
  /// The TPM as `driver:configuration`; nil for the machine's own.
  package let tcti: String?

  package init(tcti: String?) {
    self.tcti = tcti
  }

  /// What the files beside a key are named by: the key's path, without the ending `.sealed` that a
  /// sealed one has, so that they are those that the key had before it was sealed.
  static func stem(of key: FilePath) -> FilePath {
    guard key.extension == "sealed" else { return key }
    var path = key
    path.extension = nil
    return path
  }
}

extension CofferConfiguration {
  /// Reads `host_key`: a path, or a mapping with `sealed` and perhaps `tcti`.
  static func hostKey(_ top: StrictMapping) throws -> (path: FilePath, seal: HostKeySeal?) {
    guard top.isMapping("host_key") else { return (FilePath(try top.text("host_key")), nil) }
    let mapping = try top.mapping("host_key", called: "'host_key'")
    try mapping.allow(only: ["sealed", "tcti"])
    return (
      FilePath(try mapping.text("sealed")), HostKeySeal(tcti: try mapping.optionalText("tcti"))
    )
  }
}
