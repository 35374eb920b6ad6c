/// What an event says that it measured, where boot loaders that are known say it.
enum EventDescription: Equatable {
  /// GRUB, PCR 8: a command line for a kernel, path first.
  case kernelCommandLine(String)
  /// GRUB, PCR 8: a command of its configuration.
  case grubCommand(String)
  /// GRUB, PCR 9: a file, by its path.
  case grubFile(String)
  /// systemd-boot and systemd-stub, PCR 12, and PCR 8 before systemd 252: a command line in UTF-16,
  /// measured as it is written in the event.
  case loadOptions(String)
  /// The Linux EFI stub, PCR 9: the initrd.
  case linuxInitrd
  /// The Linux EFI stub, PCR 9: the load options, whose text is not in the event.
  case linuxLoadOptions
  /// A PE image, by the path it was loaded from where it has one.
  case image(String?)

  /// Source: GRUB 2.06, `grub-core/commands/tpm.c`; Linux, `drivers/firmware/efi/libstub/`,
  /// `efistub.h`; systemd, `src/boot/efi/measure.c`.
  init?(_ event: MeasuredEvent) {
    switch (event.type, event.pcr) {
    case (.application, 4): self = .image(DevicePath.file(ofImageLoad: event.data))
    case (.tagged, 9):
      switch BinaryText.tag(of: event.data) {
      case 0x8f3b_22ec: self = .linuxInitrd
      case 0x8f3b_22ed: self = .linuxLoadOptions
      default: return nil
      }
    case (.bootLoader, 12):
      guard let text = BinaryText.utf16(event.data) else { return nil }
      self = .loadOptions(text)
    case (.bootLoader, 9):
      guard let text = BinaryText.ascii(event.data) else { return nil }
      self = .grubFile(text)
    case (.bootLoader, 8):
      if let text = BinaryText.ascii(event.data) {
        guard let said = Self.said(text) else { return nil }
        self = said
      } else if let text = BinaryText.utf16(event.data) {
        self = .loadOptions(text)
      } else {
        return nil
      }
    default: return nil
    }
  }

  private static func said(_ text: String) -> EventDescription? {
    for (prefix, make) in [
      ("kernel_cmdline: ", EventDescription.kernelCommandLine),
      ("grub_cmd: ", EventDescription.grubCommand),
    ] where text.hasPrefix(prefix) {
      return make(String(text.dropFirst(prefix.count)))
    }
    return nil
  }
}

/// Texts in events.
enum BinaryText {
  /// ASCII, ended by a zero byte or by the event.
  static func ascii(_ data: [UInt8]) -> String? {
    let text = data.last == 0 ? data.dropLast() : data[...]
    guard !text.isEmpty, text.allSatisfy({ $0 > 0 && $0 < 0x80 }) else { return nil }
    return String(decoding: text, as: UTF8.self)
  }

  /// UTF-16, little-endian, ended by a zero.
  static func utf16(_ data: [UInt8]) -> String? {
    guard data.count >= 4, data.count.isMultiple(of: 2) else { return nil }
    let units = stride(from: 0, to: data.count, by: 2).map {
      UInt16(data[$0]) | UInt16(data[$0 + 1]) << 8
    }
    guard units.last == 0, !units.dropLast().contains(0) else { return nil }
    let text = String(decoding: units.dropLast(), as: UTF16.self)
    return Array(text.utf16) == Array(units.dropLast()) ? text : nil
  }

  /// The same text as bytes, with its end where that was measured.
  static func utf16(_ text: String, ended: Bool) -> [UInt8] {
    (Array(text.utf16) + (ended ? [0] : [])).flatMap {
      [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)]
    }
  }

  /// The number of a TCG_PCClientTaggedEvent.
  static func tag(of data: [UInt8]) -> UInt32? {
    var cursor = BinaryCursor(data)
    guard let tag = cursor.take(UInt32.self), let size = cursor.takeSize(), size == cursor.left
    else { return nil }
    return tag
  }

  /// The last part of a path, of GRUB's, EFI's or Linux's.
  static func fileName(_ path: String) -> String {
    String(path.split { "/\\)".contains($0) }.last ?? "")
  }
}

/// UEFI device paths, as far as they name files.
///
/// Source: UEFI Specification 2.10, sections 10.2 and 10.3.4.4; TCG PC Client Platform Firmware
/// Profile 1.05, section 10.2.3 (UEFI_IMAGE_LOAD_EVENT).
enum DevicePath {
  /// The path of the file that an image was loaded from; nil where it was not a file.
  static func file(ofImageLoad data: [UInt8]) -> String? {
    var cursor = BinaryCursor(data)
    guard cursor.skip(24), let size = cursor.take(UInt64.self), size <= UInt64(cursor.left) else {
      return nil
    }
    var file: String?
    while let type = cursor.take(UInt8.self), let subtype = cursor.take(UInt8.self),
      let length = cursor.take(UInt16.self), let node = cursor.take(Int(length) - 4),
      type != 0x7f
    {
      if type == 4, subtype == 4 { file = BinaryText.utf16(Array(node)) ?? file }
    }
    return file
  }
}
