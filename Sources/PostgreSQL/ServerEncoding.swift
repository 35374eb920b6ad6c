internal import Glibc

/// The encoding of a database, and with it of all names in a dump of it.
struct ServerEncoding: Sendable {
  /// What glibc calls the encodings that it and PostgreSQL do not call the same.
  private static let names = [
    "EUC_CN": "EUC-CN", "EUC_JIS_2004": "EUC-JISX0213", "EUC_JP": "EUC-JP", "EUC_KR": "EUC-KR",
    "EUC_TW": "EUC-TW", "ISO_8859_5": "ISO-8859-5", "ISO_8859_6": "ISO-8859-6",
    "ISO_8859_7": "ISO-8859-7", "ISO_8859_8": "ISO-8859-8", "KOI8R": "KOI8-R", "KOI8U": "KOI8-U",
    "LATIN1": "ISO-8859-1", "LATIN2": "ISO-8859-2", "LATIN3": "ISO-8859-3",
    "LATIN4": "ISO-8859-4", "LATIN5": "ISO-8859-9", "LATIN6": "ISO-8859-10",
    "LATIN7": "ISO-8859-13", "LATIN8": "ISO-8859-14", "LATIN9": "ISO-8859-15",
    "LATIN10": "ISO-8859-16", "WIN866": "CP866", "WIN874": "CP874", "WIN1250": "CP1250",
    "WIN1251": "CP1251", "WIN1252": "CP1252", "WIN1253": "CP1253", "WIN1254": "CP1254",
    "WIN1255": "CP1255", "WIN1256": "CP1256", "WIN1257": "CP1257", "WIN1258": "CP1258",
  ]

  /// UTF-8, and what is taken for it: `SQL_ASCII` promises nothing about its bytes.
  static let utf8 = ServerEncoding("UTF8")

  private let name: String?

  /// The encoding that PostgreSQL calls so.
  init(_ name: String) {
    self.name = Self.names[name]
  }

  /// The encoding of an archive's `SET client_encoding = 'LATIN1';`.
  init(statement: String) {
    let parts = statement.split(separator: "'", omittingEmptySubsequences: false)
    self.init(parts.count == 3 ? String(parts[1]) : "")
  }

  /// The text that bytes stand for; what stands for nothing is repaired.
  func decode(_ bytes: ArraySlice<UInt8>) -> String {
    // ASCII is the same in all of them, and most names are.
    guard let name, bytes.contains(where: { $0 > 127 }) else {
      return String(decoding: bytes, as: UTF8.self)
    }
    return String(decoding: Self.convert(bytes, from: name) ?? Array(bytes), as: UTF8.self)
  }

  private static func convert(_ bytes: ArraySlice<UInt8>, from name: String) -> [UInt8]? {
    guard let converter = unsafe iconv_open("UTF-8", name),
      unsafe converter != UnsafeMutableRawPointer(bitPattern: -1)
    else { return nil }
    defer { unsafe iconv_close(converter) }
    var input = bytes.map { CChar(bitPattern: $0) }
    // No character of any of them takes fewer bytes than a quarter of its UTF-8.
    var output = [CChar](repeating: 0, count: 4 * input.count)
    var (read, room) = (input.count, output.count)
    let result = unsafe input.withUnsafeMutableBufferPointer { input in
      unsafe output.withUnsafeMutableBufferPointer { output in
        var (from, to) = (input.baseAddress, output.baseAddress)
        return unsafe iconv(converter, &from, &read, &to, &room)
      }
    }
    guard result != -1, read == 0 else { return nil }
    return output.dropLast(room).map { UInt8(bitPattern: $0) }
  }
}
