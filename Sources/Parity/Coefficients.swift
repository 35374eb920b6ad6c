internal import CISAL

/// Some rows of coefficients over GF(256), as libisal wants them.
struct Coefficients: Sendable {
  /// What libisal keeps of one coefficient.
  private static let tableSize = 32

  private let sources: Int
  private let rows: Int
  private let tables: [UInt8]

  /// Prepares rows of one coefficient a source.
  init(_ coefficients: [UInt8], sources: Int) {
    self.sources = sources
    rows = coefficients.count / sources
    var coefficients = coefficients
    var tables = [UInt8](repeating: 0, count: Self.tableSize * coefficients.count)
    unsafe ec_init_tables(Int32(sources), Int32(rows), &coefficients, &tables)
    self.tables = tables
  }

  /// Adds bytes of one source, times its coefficients, to what the rows come to.
  ///
  /// - Parameters:
  ///   - bytes: at least 64 of them.
  ///   - source: whose they are.
  ///   - offset: where in the sums they belong.
  ///   - sums: one a row.
  func add(_ bytes: RawSpan, of source: Int, at offset: Int, to sums: ShardSums) {
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe tables.withUnsafeBufferPointer { tables in
        guard let base = bytes.baseAddress, let tables = tables.baseAddress else { return }
        unsafe sums.lend(at: offset, bytes.count) { places in
          // libisal takes what it only reads without const.
          unsafe ec_encode_data_update(
            Int32(bytes.count), Int32(sources), Int32(rows), Int32(source),
            UnsafeMutablePointer(mutating: tables),
            UnsafeMutablePointer(mutating: base.assumingMemoryBound(to: UInt8.self)), places)
        }
      }
    }
  }
}
