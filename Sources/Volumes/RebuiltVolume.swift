import Vocabulary

/// A data volume as it must have been, made again from the others at each place that is asked for.
struct RebuiltVolume: VolumeBytes {
  let number: Int
  let count: Int
  let code: VolumeCode
  /// As many others as there are data volumes, by their numbers from 0.
  let others: [Int: MediumFile]

  func read(_ range: Range<Int>) throws -> [UInt8] {
    let pieces = try others.mapValues { file in
      let end = max(range.lowerBound, min(range.upperBound, file.count))
      return try file.read(range.lowerBound..<end)
    }
    guard let bytes = code.rebuild(number, from: pieces, count: range.count) else {
      preconditionFailure("as many others as there are data volumes are enough")
    }
    return bytes
  }
}

/// A data volume as it is, and where it cannot be read, as the others make it: piece by piece, so that bad
/// places of several media do no harm as long as they are not the same ones.
struct MendedVolume: VolumeBytes {
  let own: any VolumeBytes
  let rebuilt: any VolumeBytes

  var count: Int { own.count }

  func read(_ range: Range<Int>) throws -> [UInt8] {
    do {
      return try own.read(range)
    } catch let error as OperatorError where error.status == .mismatch {
      return try rebuilt.read(range)
    }
  }
}
