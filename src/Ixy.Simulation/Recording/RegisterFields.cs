namespace Ixy.Simulation.Recording;

/// <summary>
/// The fields of registers, for readers of a trace: names as in the datasheet (82599, chapter 8) and the specification
/// (virtio 1.2). A register that is a single number, such as an address or a tail, has none.
/// </summary>
internal static class RegisterFields
{
    private const string Causes =
        "0-15 RTxQ, 16 flow director, 17 receive miss, 18 PCI exception, 19 mailbox, 20 link change, 21 LinkSec, "
        + "22 management, 24 time sync, 25 SDP0, 26 SDP1, 27 SDP2, 28 ECC error, 30 TCP timer, 31 other";

    private const string FeaturesLow =
        "0 CSUM, 1 GUEST_CSUM, 2 CTRL_GUEST_OFFLOADS, 3 MTU, 5 MAC, 7 GUEST_TSO4, 8 GUEST_TSO6, 11 HOST_TSO4, "
        + "12 HOST_TSO6, 15 MRG_RXBUF, 16 STATUS, 17 CTRL_VQ, 18 CTRL_RX, 19 CTRL_VLAN, 21 GUEST_ANNOUNCE, 22 MQ, "
        + "23 CTRL_MAC_ADDR, 27 ANY_LAYOUT, 28 INDIRECT_DESC, 29 EVENT_IDX";

    private const string FeaturesHigh =
        "0 VERSION_1, 1 ACCESS_PLATFORM, 2 RING_PACKED, 3 IN_ORDER, 4 ORDER_PLATFORM, 5 SR_IOV, 6 NOTIFICATION_DATA, "
        + "8 RING_RESET, 25 HASH_REPORT, 28 RSS, 31 SPEED_DUPLEX";

    private const string DeviceStatus =
        "0 ACKNOWLEDGE, 1 DRIVER, 2 DRIVER_OK, 3 FEATURES_OK, 6 DEVICE_NEEDS_RESET, 7 FAILED";

    private static readonly Dictionary<string, BitField[]> s_fields = new()
    {
        // General, EEPROM, PCIe
        ["CTRL"] = BitField.Parse("2 master disable, 3 LRST, 26 RST"),
        ["STATUS"] = BitField.Parse("2-3 LAN id, 7 link up, 10-17 virtual functions, 18 IOV, 19 master enable"),
        ["CTRL_EXT"] = BitField.Parse("14 PFRSTD, 16 NS_DIS, 17 RO_DIS, 26 extended VLAN, 28 DRV_LOAD"),
        ["ESDP"] = BitField.Parse(
            "0 SDP0, 1 SDP1, 2 SDP2, 3 SDP3 (transmitter off), 4 SDP4, 5 SDP5 (rate), 6 SDP6, 7 SDP7, 8-15 outputs"),
        ["EEC"] = BitField.Parse(
            "0 EE_SK, 1 EE_CS, 2 EE_DI, 3 EE_DO, 4-5 FWE, 6 EE_REQ, 7 EE_GNT, 8 EE_PRES, 9 auto-read done, "
            + "11-14 EE_SIZE"),
        ["EERD"] = BitField.Parse("0 START, 1 DONE, 2-15 address, 16-31 data"),
        ["GCR_EXT"] = BitField.Parse("0-1 VT mode, 30 buffers clear"),
        ["SWSM"] = BitField.Parse("0 SMBI, 1 SWESMBI"),
        ["SW_FW_SYNC"] = BitField.Parse(
            "0 software: EEPROM, 1 software: PHY 0, 2 software: PHY 1, 3 software: MAC, 4 software: flash, "
            + "5-9 firmware, 31 registers"),

        // Interrupts
        ["EICR"] = BitField.Parse(Causes),
        ["EICS"] = BitField.Parse(Causes),
        ["EIMS"] = BitField.Parse(Causes),
        ["EIMC"] = BitField.Parse(Causes),
        ["EIAC"] = BitField.Parse(Causes),
        ["EIAM"] = BitField.Parse(Causes),
        ["EITR"] = BitField.Parse(
            "3-11 interval (2.048 us), 15 LLI moderation, 16-20 LLI credit, 21-27 counter, 31 CNT_WDIS"),
        ["GPIE"] = BitField.Parse("0-3 SDP, 4 multiple MSI-X, 5 OCD, 6 EIMEN, 11-13 RSC delay, 14-15 VT mode, "
            + "30 EIAME, 31 PBA support"),
        ["IVAR"] = BitField.Parse("0-5 receive vector, 7 valid, 8-13 transmit vector, 15 valid, "
            + "16-21 next receive vector, 23 valid, 24-29 next transmit vector, 31 valid"),
        ["IVAR_MISC"] = BitField.Parse("0-6 TCP timer vector, 7 valid, 8-14 other causes vector, 15 valid"),

        // Receive
        ["FCTRL"] = BitField.Parse("1 store bad packets, 8 multicast promiscuous, 9 unicast promiscuous, "
            + "10 broadcast accept"),
        ["FCRTH"] = BitField.Parse("5-18 threshold (32 bytes), 31 FCEN"),
        ["RAH"] = BitField.Parse("0-15 address (high 16 bits), 31 address valid"),
        ["MCSTCTRL"] = BitField.Parse("0-1 which address bits, 2 filter enable"),
        ["VLNCTRL"] = BitField.Parse("0-15 VLAN EtherType, 28 CFI, 29 CFI enable, 30 VLAN filter enable"),
        ["PSRTYPE"] = BitField.Parse("4 TCP, 5 UDP, 8 IPv4, 9 IPv6, 12 L2, 29-31 RSS queues (2^n)"),
        ["DCA_RXCTRL"] = BitField.Parse("5 descriptor DCA, 6 header DCA, 7 payload DCA, 9 descriptor read RO, "
            + "11 write-back RO, 12 must be 0, 13 data write RO, 15 header RO, 24-31 CPU id"),
        ["SRRCTL"] = BitField.Parse("0-4 buffer size (KiB), 8-13 header buffer size (64 bytes), "
            + "22-24 low descriptor threshold (64), 25-27 DESCTYPE, 28 Drop_En"),
        ["RXDCTL"] = BitField.Parse("25 ENABLE, 30 VLAN strip"),
        ["RDRXCTL"] = BitField.Parse("1 CRC strip, 3 DMA init done, 17-21 RSCFRSTSIZE, 25 RSCACKC, 26 FCOE_WRFIX"),
        ["RXCTRL"] = BitField.Parse("0 RXEN"),
        ["RXPBSIZE"] = BitField.Parse("10-19 size (KiB)"),
        ["SECRXCTRL"] = BitField.Parse("0 security off, 1 receive disable"),
        ["SECRXSTAT"] = BitField.Parse("0 receive path empty, 1 security fused off, 2 ECC error"),
        ["RXCSUM"] = BitField.Parse("12 IP payload checksum, 13 RSS hash in descriptor"),
        ["MRQC"] = BitField.Parse("0-3 mode, 16 TCP/IPv4, 17 IPv4, 20 IPv6, 21 TCP/IPv6, 22 UDP/IPv4, 23 UDP/IPv6"),
        ["RFCTL"] = BitField.Parse("5 RSC disable, 6 NFS write disable, 7 NFS read disable"),
        ["MFLCN"] = BitField.Parse("0 pass MAC control, 1 discard pause, 2 priority flow control, 3 flow control"),

        // Transmit
        ["DMATXCTL"] = BitField.Parse("0 TE, 3 double VLAN, 16-31 VLAN EtherType"),
        ["DTXMXSZRQ"] = BitField.Parse("0-11 most (256 bytes)"),
        ["RTTDCS"] = BitField.Parse("0 TDPAC, 1 VMPAC, 4 TDRM, 6 arbiter disable, 22 BDPM, 23 BPBFSM"),
        ["TXDCTL"] = BitField.Parse("0-6 PTHRESH, 8-14 HTHRESH, 16-22 WTHRESH, 25 ENABLE, 26 SWFLSH"),
        ["TDWBAL"] = BitField.Parse("0 head write-back enable, 2-31 address (low) / 4"),
        ["TXPBSIZE"] = BitField.Parse("10-19 size (KiB)"),
        ["TXPBTHRESH"] = BitField.Parse("0-9 threshold (KiB)"),
        ["MTQC"] = BitField.Parse("0 traffic classes, 1 pools, 2-3 how many"),

        // MAC, link, PHY
        ["HLREG0"] = BitField.Parse("0 TXCRCEN, 1 RXCRCSTRP, 2 JUMBOEN, 10 TXPADEN, 15 loopback, 16 MDCSPD, "
            + "17 CONTMDC, 20-23 PREPEND, 27 RXLNGTHERREN, 28 RXPADSTRIPEN"),
        ["MAXFRS"] = BitField.Parse("16-31 longest frame"),
        ["AUTOC"] = BitField.Parse("0 force link up, 1 ANACK2, 2-6 ANSF, 7-8 10G parallel, 9 1G PMA, 11 RATD, "
            + "12 restart AN, 13-15 link mode"),
        ["LINKS"] = BitField.Parse("4 block lock, 7 up since last read, 12 signal, 18 1G sync, 21 1G on, 24 serial on, "
            + "26-27 mode, 28-29 speed, 30 link up, 31 AN complete"),
        ["MSCA"] = BitField.Parse("0-15 register, 16-20 device, 21-25 PHY, 26-27 operation, 30 command"),
        ["MSRWD"] = BitField.Parse("0-15 to write, 16-31 was read"),

        // virtio
        ["common.device_status"] = BitField.Parse(DeviceStatus),
        ["legacy.device_status"] = BitField.Parse(DeviceStatus),
        ["legacy.device_features"] = BitField.Parse(FeaturesLow),
        ["legacy.guest_features"] = BitField.Parse(FeaturesLow),
        ["config.status"] = BitField.Parse("0 LINK_UP, 1 ANNOUNCE"),
        ["isr"] = BitField.Parse("0 queue, 1 configuration"),
    };

    private static readonly BitField[] s_low = BitField.Parse(FeaturesLow), s_high = BitField.Parse(FeaturesHigh);

    /// <summary>The fields of a register; none if it is a single number, or not in the table.</summary>
    internal static IReadOnlyList<BitField> Of(string name) => s_fields.GetValueOrDefault(name, []);

    /// <summary>The fields of a window on virtio's features: bits 0 to 31, or 32 to 63.</summary>
    internal static IReadOnlyList<BitField> OfFeatures(uint select) =>
        select switch { 0 => s_low, 1 => s_high, _ => [] };
}
