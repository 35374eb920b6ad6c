package import Vocabulary

extension AgeError {
  /// The same for the person who has to act on it; `file` says which file it is about.
  package func operatorError(about file: String) -> OperatorError {
    OperatorError(code, status, "\(file): \(description)", hint: hint)
  }

  private var code: String {
    switch self {
    case .malformedArmor: "age.armor"
    case .notAnAgeFile: "age.not-age"
    case .unsupportedVersion: "age.version"
    case .noRecipients, .recipientsDoNotMix: "age.recipients"
    case .noIdentityMatches: "age.no-identity"
    case .headerTruncated, .headerTooLarge, .tooManyStanzas, .malformedHeader, .malformedStanza,
      .headerMACMismatch:
      "age.header"
    case .payloadNonceMissing, .payloadTruncated, .chunkDamaged, .lastChunkEmpty,
      .dataAfterLastChunk, .impossiblePayloadSize, .rangeOutsidePayload, .wrongReadSize:
      "age.payload"
    }
  }

  private var status: ExitStatus {
    switch self {
    case .noRecipients, .recipientsDoNotMix: .usage
    case .noIdentityMatches: .noIdentity
    case .notAnAgeFile, .unsupportedVersion, .rangeOutsidePayload: .failed
    default: .mismatch
    }
  }

  private var hint: String? {
    switch self {
    case .noIdentityMatches: "give the identity of one of the file's recipients"
    case .headerMACMismatch, .chunkDamaged, .payloadTruncated, .dataAfterLastChunk:
      "take another copy of the file; this one was damaged or changed"
    default: nil
    }
  }
}
