internal import CCryptsetup
internal import Glibc
internal import SystemPackage
package import Vocabulary

// As with keyslots: on the disk when the call returns, and `header` stays what it was.
//
// Source: `libcryptsetup.h` 2.6.1; LUKS2 On-Disk Format Specification 1.1.3, section 3.5.
extension LUKSDevice {
  /// Writes a token, over the one that has its number.
  ///
  /// - Parameters:
  ///   - json: the token, `type` and `keyslots` among its fields.
  ///   - number: 0 to 31.
  /// - Throws: `OperatorError` `luks.full`, `luks.read-only`, `luks.changed-meanwhile`,
  ///   `luks.failed`.
  package func writeToken(_ json: JSONValue, at number: Int) throws {
    let text = String(decoding: try JSONDocument.line(json), as: UTF8.self)
    let result = unsafe crypt_token_json_set(handle, Int32(number), text)
    guard result >= 0 else { throw failure("write token \(number)", result) }
  }

  /// Removes a token; its keyslots stay.
  ///
  /// - Throws: `OperatorError` `luks.read-only`, `luks.changed-meanwhile`, `luks.failed`.
  package func removeToken(_ number: Int) throws {
    let result = unsafe crypt_token_json_set(handle, Int32(number), nil)
    guard result >= 0 else { throw failure("remove token \(number)", result) }
  }

  /// Forbids libcryptsetup to load token plugins for the rest of the process: what opens a token
  /// here is Coffer.
  package static func renouncePlugins() {
    crypt_token_external_disable()
  }
}
