internal import Foundation

/// systemd's own token plugin, asked by libcryptsetup to open a volume; nothing is activated.
package enum SystemdTokenPlugin {
  /// Why it cannot be asked; nil where it can.
  package static let obstacle: String? =
    !folders.contains { FileManager.default.fileExists(atPath: "\($0)/\(plugin)") }
      || !StockTool.isInstalled("python3") || !StockTool.isInstalled("systemd-cryptenroll")
    ? "systemd's token plugin, systemd-cryptenroll or python3 are not installed" : nil

  private static let plugin = "libcryptsetup-token-systemd-tpm2.so"

  private static let folders = ["x86_64", "aarch64"].map {
    "/usr/lib/\($0)-linux-gnu/cryptsetup"
  }

  /// Opens what tokens open.
  ///
  /// - Parameters:
  ///   - image: the volume.
  ///   - tpm: the TPM.
  ///   - signature: the file with signed policies; nil for none.
  ///   - pin: the PIN; nil for none.
  /// - Returns: the keyslot that was opened, or a negative error number.
  /// - Throws: where the program does not end as it should.
  package static func open(
    _ image: VolumeImage, _ tpm: SoftwareTPM, signature: String? = nil, pin: String? = nil
  ) throws -> Int {
    guard let python = StockTool("python3") else { throw Failed(text: "no python3") }
    let outcome = try python.run(["-c", program, image.path, tpm.tcti, signature ?? "", pin ?? ""])
    // systemd 252 leaves its sessions and objects behind, and there is no resource manager.
    try tpm.flush()
    let last = outcome.text.split(separator: "\n").last { $0.hasPrefix("opened ") }
    guard outcome.status == 0, let last, let slot = Int(last.dropFirst(7)) else {
      throw Failed(text: "\(outcome)")
    }
    return slot
  }

  /// The plugin's parameters are those of systemd 252, `struct systemd_tpm2_plugin_params`.
  private static let program = """
    import ctypes, sys
    image, device, signature, pin = (word.encode() for word in sys.argv[1:])
    class Parameters(ctypes.Structure):
        _fields_ = [("search_pcr_mask", ctypes.c_uint32), ("device", ctypes.c_char_p),
                    ("signature_path", ctypes.c_char_p)]
    library = ctypes.CDLL("libcryptsetup.so.12")
    volume = ctypes.c_void_p()
    assert library.crypt_init(ctypes.byref(volume), image) == 0
    assert library.crypt_load(volume, b"LUKS2", None) == 0
    parameters = Parameters(0xffffffff, device, signature or None)
    slot = library.crypt_activate_by_token_pin(
        volume, None, b"systemd-tpm2", -1, pin or None, ctypes.c_size_t(len(pin)), ctypes.byref(parameters), 0)
    print("opened", slot, flush=True)
    """

  private struct Failed: Error {
    let text: String
  }
}

extension SoftwareTPM {
  /// Takes out of the TPM what programs left in it.
  package func flush() throws {
    for what in ["-t", "-l", "-s"] { try run("tpm2_flushcontext", what) }
  }
}
