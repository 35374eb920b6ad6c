package import Configuration
package import SecretMemory
package import SystemPackage

/// Opens a host key that lies sealed.
///
/// The program brings it along: only what runs on the host, and not what restores on a strange machine,
/// needs the libraries of a TPM.
package protocol HostKeyOpener: Sendable {
  /// Opens the key without asking anybody.
  ///
  /// - Parameters:
  ///   - file: the sealed key, which is there.
  ///   - seal: what the configuration says of it.
  /// - Returns: the key as minisign writes it.
  /// - Throws: `OperatorError` `keys.sealed-with-pin`, or what sealed secrets and TPMs fail with.
  func open(_ file: FilePath, _ seal: HostKeySeal) throws -> SecretBytes
}
