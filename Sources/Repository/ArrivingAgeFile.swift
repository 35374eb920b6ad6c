import AgeFormat
import SecretMemory
import Synchronization
import Vocabulary

/// An age file that is opened while its bytes come, in bounded memory.
///
/// What it lends is authentic, but not all there was until `finish` has returned.
struct ArrivingAgeFile: ~Copyable {
  private let identities: [any Identity]
  private let plaintext = Mailbox()
  /// The bytes so far, until they are enough to start with.
  private var head: [UInt8] = []
  private var stream: OpeningStream?
  /// Of a file that was rewrapped: what its host signed for, so far.
  private var signed: MeasuringSink?

  init(identities: [any Identity]) {
    self.identities = identities
    stream = nil
    signed = nil
  }

  /// Size and digest of what the host signed for, nil where the header carries no signed one; asked once
  /// all has come, and once only.
  func signedFacts() -> NeededSet.Facts? { signed?.facts() }

  /// Takes the next bytes, and lends plaintext that is ready.
  ///
  /// - Throws: `AgeError`, and what an identity and `take` throw.
  mutating func feed(_ bytes: RawSpan, _ take: (RawSpan) throws -> Void) throws {
    if stream == nil {
      head.append(bytes)
      try start()
    } else {
      try signed?.write(bytes)
      try stream?.write(bytes)
    }
    try plaintext.empty(take)
  }

  /// Says that there is no more, and lends the rest.
  ///
  /// - Throws: `AgeError` where there had to be more, and what `take` throws.
  consuming func finish(_ take: (RawSpan) throws -> Void) throws {
    let plaintext = plaintext
    guard let stream = consume stream else {
      _ = try AgeHeader(parsing: head)
      throw AgeError.payloadNonceMissing
    }
    try stream.finish()
    try plaintext.empty(take)
  }

  private mutating func start() throws {
    let header: AgeHeader
    do {
      header = try AgeHeader(parsing: head)
    } catch AgeError.headerTruncated {
      return
    }
    let start = header.bytes.count + PayloadLayout.nonceSize
    guard head.count >= start else { return }
    let nonce = Array(head[header.bytes.count..<start])
    let fileKey = try header.fileKey(for: identities)
    if let carried = try CarriedHeader(in: header, under: fileKey) {
      let sink = MeasuringSink { _ in }
      try carried.bytes.withBytes { try sink.write($0) }
      try head.withBytes { try sink.write($0.extracting(header.bytes.count..<$0.byteCount)) }
      signed = sink
    }
    var opening = try OpeningStream(fileKey: fileKey, nonce: nonce, to: plaintext)
    try head.withBytes { try opening.write($0.extracting(start..<$0.byteCount)) }
    stream = consume opening
    head = []
  }
}

/// Plaintext that workers have opened and nobody has taken yet.
private final class Mailbox: ByteSink {
  private let waiting = Mutex<[UInt8]>([])

  func write(_ bytes: RawSpan) throws {
    waiting.withLock { $0.append(bytes) }
  }

  func empty(_ take: (RawSpan) throws -> Void) throws {
    let bytes = waiting.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
    if !bytes.isEmpty { try bytes.withBytes(take) }
  }
}
