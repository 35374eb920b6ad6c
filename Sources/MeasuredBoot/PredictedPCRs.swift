package import SystemPackage
package import TrustedHardware
internal import Vocabulary

/// PCR values that are expected, as a file: `{"bank":"sha256","pcrs":{"11":"…"}}`.
package struct PredictedPCRs: Sendable, Equatable {
  /// The bank of all values.
  package let bank: PCRBank
  /// The values by index, 0 to 23, each of `bank.digestSize` bytes; at least one.
  package private(set) var values: [Int: [UInt8]]

  /// Takes values; of the bank's size, by index below 24, and at least one.
  package init(bank: PCRBank, values: [Int: [UInt8]]) {
    precondition(
      !values.isEmpty
        && values.allSatisfy { (0..<24).contains($0) && $1.count == bank.digestSize })
    self.bank = bank
    self.values = values
  }

  /// Extends a value by one more measurement's digest; from a reset where it is not there.
  package mutating func extend(_ index: Int, by digest: [UInt8]) {
    precondition((0..<24).contains(index) && digest.count == bank.digestSize)
    values[index] = bank.extend(values[index] ?? bank.reset(of: index), by: digest)
  }

  /// Reads a file.
  ///
  /// - Throws: `OperatorError` `predicted.malformed`: unreadable, or not as it is written here.
  package init(_ path: FilePath) throws {
    do {
      self = try JSONDocument.decode(Self.self, from: BootFile.bytes(of: path, atMost: 1 << 16))
    } catch {
      let why =
        switch error {
        case DecodingError.dataCorrupted(let context): context.debugDescription
        case let error as OperatorError: error.message
        case let error as Errno: "\(error)"
        default: "it is not of that form"
        }
      throw OperatorError(
        "predicted.malformed", .usage, "\(path) holds no predicted PCR values: \(why)",
        hint: "'coffer-custody luks predict --output' writes them")
    }
  }
}

extension PredictedPCRs: Codable {
  private enum Field: String, CodingKey, CaseIterable {
    case bank, pcrs
  }

  /// Any key that stands in the file, to refuse those that are not known.
  private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init?(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }
  }

  package init(from decoder: any Decoder) throws {
    func malformed(_ why: String) -> DecodingError {
      .dataCorrupted(.init(codingPath: [], debugDescription: why))
    }
    let keys = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
    guard Set(keys).isSubset(of: Field.allCases.map(\.rawValue)) else {
      throw malformed("a key that is not known")
    }
    let fields = try decoder.container(keyedBy: Field.self)
    let bank = try fields.decode(PCRBank.self, forKey: .bank)
    var values: [Int: [UInt8]] = [:]
    for (name, text) in try fields.decode([String: String].self, forKey: .pcrs) {
      guard let index = Int(name), (0..<24).contains(index), name == String(index) else {
        throw malformed("'\(name)' is no PCR")
      }
      guard let value = Hexadecimal.decode(text), value.count == bank.digestSize else {
        throw malformed("PCR \(index) is not \(bank.digestSize) bytes in hexadecimal")
      }
      values[index] = value
    }
    guard !values.isEmpty else { throw malformed("no PCR") }
    self.init(bank: bank, values: values)
  }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode(bank, forKey: .bank)
    let texts = values.map { (String($0.key), Hexadecimal.encode($0.value)) }
    try fields.encode(Dictionary(uniqueKeysWithValues: texts), forKey: .pcrs)
  }
}
