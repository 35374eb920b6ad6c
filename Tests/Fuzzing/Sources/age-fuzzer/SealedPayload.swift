import AgeFormat
import SecretMemory
import Synchronization

/// A payload as it was sealed, kept so that each size is sealed once.
struct SealedPayload: Sendable {
  let plaintext: [UInt8]
  let bytes: [UInt8]

  private static let known = Mutex<[Int: SealedPayload]>([:])

  /// The one key of all payloads here.
  static let fileKey = FileKey()

  /// The payload whose plaintext has this size.
  static func ofSize(_ size: Int) -> SealedPayload {
    known.withLock { known in
      if let payload = known[size] { return payload }
      let payload = SealedPayload(size: size)
      known[size] = payload
      return payload
    }
  }

  private init(size: Int) {
    // Chunks differ, so one that is taken for another shows.
    plaintext = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 16) }
    let sink = CollectingSink()
    do {
      var stream = try SealingStream(fileKey: Self.fileKey, to: sink)
      try plaintext.withBytes { try stream.write($0) }
      try stream.finish()
    } catch {
      demand(false, "nothing can be sealed: \(error)")
    }
    bytes = sink.bytes
  }
}

/// Something that happens to a payload.
enum Change {
  case flip(at: Int, bits: UInt8)
  case cut(at: Int)
  case append(count: Int)
  case swap(Int, Int)
  case remove(chunk: Int)
  case repeated(chunk: Int)

  /// Reads the next change; nil where the input says no more.
  init?(_ input: inout Input) {
    guard !input.isEmpty else { return nil }
    switch input.byte() % 6 {
    case 0: self = .flip(at: input.number(), bits: input.byte())
    case 1: self = .cut(at: input.number())
    case 2: self = .append(count: Int(input.byte()))
    case 3: self = .swap(Int(input.byte()), Int(input.byte()))
    case 4: self = .remove(chunk: Int(input.byte()))
    default: self = .repeated(chunk: Int(input.byte()))
    }
  }

  func apply(to payload: inout [UInt8]) {
    switch self {
    case .flip(let place, let bits):
      if !payload.isEmpty { payload[place % payload.count] ^= bits }
    case .cut(let place): payload.removeLast(min(place % (payload.count + 1), payload.count))
    case .append(let count): payload += [UInt8](repeating: UInt8(count), count: count)
    case .swap(let one, let other):
      guard let one = Self.chunk(one, of: payload), let other = Self.chunk(other, of: payload),
        one.count == other.count
      else { return }
      let kept = Array(payload[one])
      payload.replaceSubrange(one, with: Array(payload[other]))
      payload.replaceSubrange(other, with: kept)
    case .remove(let number):
      if let chunk = Self.chunk(number, of: payload) { payload.removeSubrange(chunk) }
    case .repeated(let number):
      guard let chunk = Self.chunk(number, of: payload), payload.count < 1 << 20 else { return }
      payload.insert(contentsOf: Array(payload[chunk]), at: chunk.upperBound)
    }
  }

  private static func chunk(_ number: Int, of payload: [UInt8]) -> Range<Int>? {
    let size = PayloadLayout.sealedChunkSize
    let count = (payload.count - PayloadLayout.nonceSize + size - 1) / size
    guard count > 0 else { return nil }
    let start = PayloadLayout.nonceSize + number % count * size
    return start..<min(start + size, payload.count)
  }
}
