/// A LUKS2 volume in a file, made and changed by Debian's cryptsetup; keyslot 0 opens by `pw`.
package final class VolumeImage: Sendable {
  private static let cheap = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]

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

  private struct NotInstalled: Error {}

  private struct Failed: Error {
    let outcome: StockTool.Outcome
  }
}
