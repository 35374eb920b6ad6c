internal import SecretMemory
internal import Vocabulary

/// A LUKS2 volume in a file, made and changed by Debian's cryptsetup; keyslot 0 opens by `pw`.
package final class VolumeImage: Sendable {
  private static let cheap = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]

  // LUKS2 On-Disk Format Specification 1.1.3, section 2: what cryptsetup makes by default.
  private static let headerSize = 16384
  private static let binarySize = 4096

  private let folder: ScratchFolder
  private let cryptsetup: StockTool

  /// Why there can be none; nil where there can.
  package static let obstacle: String? = stock == nil ? "cryptsetup is not installed" : nil

  private static let stock = StockTool("cryptsetup") ?? StockTool("cryptsetup", in: ["/usr/sbin"])

  /// Makes one of 20 MiB.
  package init(_ type: String = "luks2", label: String? = nil) throws {
    guard let stock = Self.stock else { throw NotInstalled() }
    cryptsetup = stock
    folder = try ScratchFolder()
    try folder.write("pw", to: "pw")
    try folder.write([UInt8](repeating: 0, count: 20 << 20), to: "volume.img")
    let cost =
      type == "luks2" ? ["--pbkdf", "pbkdf2"] + ["--pbkdf-force-iterations", "2000"] : []
    try run(
      ["luksFormat", "--type", type] + cost + (label.map { ["--label", $0] } ?? []) + [path]
        + [passphrase])
  }

  /// Makes one that holds data, encrypted by cryptsetup where it lies; 28 MiB follow for the volume.
  package init(holding data: [UInt8]) throws {
    guard let stock = Self.stock else { throw NotInstalled() }
    cryptsetup = stock
    folder = try ScratchFolder()
    try folder.write("pw", to: "pw")
    let room = [UInt8](repeating: 0, count: 32 << 20)
    try folder.write(data + room, to: "volume.img")
    try run(
      ["reencrypt", "--encrypt", "--type", "luks2", "--force-offline-reencrypt"]
        + ["--reduce-device-size", "32M", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "2000"]
        + ["--key-file", passphrase, path])
  }

  /// What the volume holds, decrypted by cryptsetup in a copy.
  package func decrypted() throws -> [UInt8] {
    let copy = try folder.write(content(), to: "copy.img")
    let header = folder.path(of: "copy.header")
    defer { for file in [copy, header] { _ = try? StockTool("rm")?.run(["-f", file]) } }
    // To decrypt, cryptsetup wants the key's digest to be the first; its own change of the key sees to
    // that.
    if try !run(["luksDump", copy]).contains("Digests:\n  0:") {
      let opened = try run(["open", "-v", "--test-passphrase", "--key-file", passphrase, copy])
      let slot = opened.split(separator: " ").compactMap { Int($0) }.first ?? 0
      try run(
        ["reencrypt", "--force-offline-reencrypt", "--key-slot", "\(slot)", "--key-file"]
          + [passphrase] + Self.cheap + [copy])
    }
    try run([
      "reencrypt", "--decrypt", "--header", header, "--force-offline-reencrypt", "--key-file",
      passphrase, copy,
    ])
    return try folder.read("copy.img")
  }

  /// Where the image is.
  package var path: String { folder.path(of: "volume.img") }

  /// Where the file with the passphrase of keyslot 0 is.
  package var passphrase: String { folder.path(of: "pw") }

  /// Runs cryptsetup in batch mode, and gives what it says.
  ///
  /// - Throws: where it fails.
  @discardableResult package func run(
    _ arguments: [String], input: String? = nil
  ) throws -> String {
    let file = try input.map { try folder.write($0, to: "input") }
    let outcome = try cryptsetup.run(["-q"] + arguments, input: file)
    guard outcome.status == 0 else { throw Failed(outcome: outcome) }
    return outcome.text
  }

  /// Adds a keyslot of minimal cost, as systemd-cryptenroll does.
  package func addKeyslot(_ options: String...) throws {
    try run(["luksAddKey", "--key-file", passphrase] + Self.cheap + options + [path, passphrase])
  }

  /// Adds a token.
  package func addToken(_ json: String) throws {
    try run(["token", "import", path], input: json)
  }

  /// Adds a token that the program of its type would not take.
  package func addTokenUnchecked(_ json: String) throws {
    try run(["token", "import", "--disable-external-tokens", path], input: json)
  }

  /// Replaces text in the JSON areas of both copies of the header, and makes their checksums hold.
  package func rewriteHeader(_ text: String, as other: String) throws {
    var bytes = try content()
    for start in [0, Self.headerSize] {
      let area = start + Self.binarySize..<start + Self.headerSize
      let json = String(decoding: bytes[area].prefix { $0 != 0 }, as: UTF8.self)
      guard json.contains(text) else { throw NoSuchText(json: json) }
      let parts = json.split(separator: text, maxSplits: 1, omittingEmptySubsequences: false)
      let changed = Array(parts.joined(separator: other).utf8)
      bytes.replaceSubrange(
        area, with: changed + [UInt8](repeating: 0, count: area.count - changed.count))
      let checksum = start + 448..<start + 512
      bytes.replaceSubrange(checksum, with: [UInt8](repeating: 0, count: checksum.count))
      let digest = SHA256Hasher.digest(of: Array(bytes[start..<start + Self.headerSize]))
      bytes.replaceSubrange(checksum.prefix(32), with: digest.bytes)
    }
    try folder.write(bytes, to: "volume.img")
  }

  /// Begins a reencryption, and does none of it.
  package func beginReencryption() throws {
    try run(
      ["reencrypt", "--init-only", "--force-offline-reencrypt", "--key-slot", "0", "--key-file"]
        + [passphrase] + Self.cheap + [path])
  }

  /// Gives the data a new volume key, and drops all keyslots but 0.
  package func reencrypt() throws {
    let slots = try run(["luksDump", path]).contains("  0: luks2") ? ["--key-slot", "0"] : []
    try run(
      ["reencrypt", "--force-offline-reencrypt", "--key-file", passphrase] + slots + Self.cheap
        + [path])
  }

  /// Overwrites bytes of the image with ones.
  package func damage(_ range: Range<Int>) throws {
    var bytes = try content()
    for place in range { bytes[place] = 0xff }
    try folder.write(bytes, to: "volume.img")
  }

  /// All bytes of the image.
  package func content() throws -> [UInt8] { try folder.read("volume.img") }

  private struct NoSuchText: Error {
    let json: String
  }

  private struct NotInstalled: Error {}

  private struct Failed: Error {
    let outcome: StockTool.Outcome
  }
}
