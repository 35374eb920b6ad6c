import Configuration
import Operations
import SecretMemory
import SystemPackage

/// A host whose key lies in a plain file, so that no TPM is asked.
struct NothingIsSealed: HostKeyOpener {
  struct Asked: Error {}

  func open(_ file: FilePath, _ seal: HostKeySeal) throws -> SecretBytes { throw Asked() }
}
