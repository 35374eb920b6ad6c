/// Why an age file could not be written or read, in the order in which a file is read.
package enum AgeError: Error, Sendable, Equatable {
  /// Armor breaks its rules; lines count from 1, white space before the first not counted.
  case malformedArmor(line: Int, String)
  /// The first line is not that of an age file.
  case notAnAgeFile
  /// The first line names a version other than v1.
  case unsupportedVersion
  /// The file ends before its header does.
  case headerTruncated
  /// The header is longer than 2 MiB.
  case headerTooLarge
  /// The header has more than 1,024 stanzas.
  case tooManyStanzas
  /// A line of the header breaks the grammar; lines count from 1.
  case malformedHeader(line: Int, String)
  /// A stanza of a kind we know breaks that kind's rules: the file is damaged or forged.
  case malformedStanza(type: String, String)
  /// There is nobody to encrypt to.
  case noRecipients
  /// These kinds of recipient must not stand in one file.
  case recipientsDoNotMix
  /// No identity that was given opens any stanza.
  case noIdentityMatches
  /// The file key fits, but the header was changed after it was written.
  case headerMACMismatch
  /// The payload is too short to hold its 16-byte nonce.
  case payloadNonceMissing
  /// The payload ends without a chunk that is marked as the last.
  case payloadTruncated
  /// A chunk is not what was sealed there; chunks count from 0.
  case chunkDamaged(index: Int)
  /// The last chunk is empty although others came before it.
  case lastChunkEmpty
  /// Something follows the last chunk.
  case dataAfterLastChunk
  /// No payload has this size.
  case impossiblePayloadSize(Int)
  /// More was asked for than the payload holds.
  case rangeOutsidePayload
  /// Fewer or more bytes were read from the payload than asked for.
  case wrongReadSize(expected: Int, got: Int)
}

extension AgeError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformedArmor(let line, let reason): "line \(line) of the armor is wrong: \(reason)"
    case .notAnAgeFile: "this is not an age file"
    case .unsupportedVersion: "this age file is of a version other than v1"
    case .headerTruncated: "the file ends inside its header"
    case .headerTooLarge: "the header is longer than 2 MiB"
    case .tooManyStanzas: "the header has more than 1024 stanzas"
    case .malformedHeader(let line, let reason): "line \(line) of the header is wrong: \(reason)"
    case .malformedStanza(let type, let reason): "a stanza of type \(type) is wrong: \(reason)"
    case .noRecipients: "there is no recipient to encrypt to"
    case .recipientsDoNotMix: "these kinds of recipient must not stand in one file"
    case .noIdentityMatches: "none of the given identities opens this file"
    case .headerMACMismatch: "the header was changed after it was written"
    case .payloadNonceMissing: "the file ends before its payload begins"
    case .payloadTruncated: "the file was cut short: its last chunk is missing"
    case .chunkDamaged(let index): "chunk \(index) is damaged or was changed"
    case .lastChunkEmpty: "the last chunk is empty although others come before it"
    case .dataAfterLastChunk: "there is data after the last chunk"
    case .impossiblePayloadSize(let size): "no payload is \(size) bytes long"
    case .rangeOutsidePayload: "the range lies outside the payload"
    case .wrongReadSize(let expected, let got): "\(got) bytes were read instead of \(expected)"
    }
  }
}
