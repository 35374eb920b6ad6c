/// Why a signature or a signing key was not accepted.
package enum SignatureError: Error, Sendable, Equatable {
  /// A line of a `.minisig` file is not as minisign writes it; lines count from 1.
  case malformedSignature(line: Int)
  /// The text is no minisign public key.
  case malformedVerifyingKey
  /// The text is no minisign secret key, or its halves do not belong together.
  case malformedSigningKey
  /// The secret key is protected by a password, which a nightly job has nobody to ask for.
  case passwordProtectedKey
  /// A legacy signature (`Ed`), whose message could be taken for the hash of another.
  case legacyAlgorithm
  /// Signed, but by another key.
  case signedByAnotherKey(KeyID)
  /// The message is not what was signed.
  case messageMismatch
  /// The trusted comment is not what was signed.
  case trustedCommentMismatch
  /// A trusted comment is one line of at most 8,000 bytes without control characters.
  case unfitTrustedComment
}

extension SignatureError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformedSignature(let line): "line \(line) of the signature is not minisign's"
    case .malformedVerifyingKey: "this is not a minisign public key"
    case .malformedSigningKey: "this is not a minisign secret key"
    case .passwordProtectedKey: "this minisign secret key is protected by a password"
    case .legacyAlgorithm: "this is a legacy signature, made without hashing first"
    case .signedByAnotherKey(let key): "this was signed by another key, \(key)"
    case .messageMismatch: "the signature does not fit: what was signed was changed"
    case .trustedCommentMismatch: "the trusted comment of the signature was changed"
    case .unfitTrustedComment: "a trusted comment is one line of at most 8000 bytes"
    }
  }
}
