package import TrustedHardware

/// One record of an event log: what was measured, and what went into which PCR.
package struct MeasuredEvent: Sendable, Equatable {
  /// The PCR that was extended.
  package let pcr: Int
  /// What kind of thing was measured.
  package let type: EventType
  /// What was extended, by bank; a digest of each bank's size.
  package let digests: [PCRBank: [UInt8]]
  /// What the record says of the thing; whoever measured wrote it, and nothing vouches for it.
  package let data: [UInt8]
}

/// The kind of an event.
///
/// Source: TCG PC Client Platform Firmware Profile 1.05, section 10.4.1.
package struct EventType: RawRepresentable, Sendable, Hashable {
  package let rawValue: UInt32

  package init(rawValue: UInt32) { self.rawValue = rawValue }

  /// EV_NO_ACTION: a remark, extended into nothing.
  package static let noAction = EventType(rawValue: 0x3)
  /// EV_EVENT_TAG: the Linux EFI stub measures so.
  package static let tagged = EventType(rawValue: 0x6)
  /// EV_IPL: GRUB, systemd-boot and systemd-stub measure so.
  package static let bootLoader = EventType(rawValue: 0xd)
  /// EV_EFI_BOOT_SERVICES_APPLICATION: a PE image that was loaded, by its Authenticode hash.
  package static let application = EventType(rawValue: 0x8000_0003)
}
