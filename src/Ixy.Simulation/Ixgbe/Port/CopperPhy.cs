namespace Ixy.Simulation.Ixgbe.Port;

/// <summary>
/// The 10GBASE-T PHY inside an X540 or X550, with the registers of IEEE 802.3, clause 45, and of the X540 datasheet
/// (chapter 9): identity, abilities, auto-negotiation with the partner's abilities, status, low power. Registers
/// without behaviour keep what is written. Only power-on and its own reset bit reset it: a reset of the card does not.
/// </summary>
internal sealed class CopperPhy
{
    private const int Pma = 1, Pcs = 3, PhyXs = 4, AutoNegotiation = 7, Vendor = 0x1E;
    private const int Control = 0, Status = 1, Status2 = 8, TransmitDisable = 9, Advertisement = 0x10,
        PartnerBase = 0x13;
    private const int TenGigabitControl = 0x20, TenGigabitStatus = 0x21, VendorProvisioning = 0xC400,
        VendorStatus = 0xC800, VendorAlarm = 0xCC01;
    private const int PartnerVendor = 0xE820;
    private const ushort ControlReset = 1 << 15, ControlRestart = 1 << 9, ControlEnable = 1 << 12;
    private const ushort Advertise10G = 1 << 12, Advertise1G = 1 << 15, Advertise100M = 1 << 8;
    private const ushort Advertise5G = 1 << 11, Advertise2G5 = 1 << 10;

    // Bits that prevent a link with the partner: low power (802.3, 45.2.1.1 and the same bit in other parts; 1E.0 is
    // the whole PHY), loopback (45.2.1.1, 45.2.3.1, 45.2.4.1), transmitter off (45.2.1.8).
    private static readonly (int Device, int Address, ushort Bits)[] s_silencers =
    [
        (Vendor, Control, 1 << 11), (Pma, Control, 1 << 11 | 1), (Pma, TransmitDisable, 0x001F),
        (Pcs, Control, 1 << 11 | 1 << 14), (PhyXs, Control, 1 << 11 | 1 << 14),
    ];

    private readonly IxgbeCard _card;
    private readonly Dictionary<(int Device, int Address), ushort> _values = [];
    private bool _linkWasDown = true, _linkChanged;

    internal CopperPhy(IxgbeCard card)
    {
        _card = card;
        Reset();
    }

    /// <summary>Nothing that silences it is set, such as low power.</summary>
    internal bool IsAwake =>
        Array.TrueForAll(s_silencers, silencer => (this[silencer.Device, silencer.Address] & silencer.Bits) == 0);

    /// <summary>The fastest speed that software advertises and a partner supports, 0 if there is none.</summary>
    internal int FastestAdvertised(int partnerMbps)
    {
        if ((this[AutoNegotiation, Control] & ControlEnable) == 0) return 0;
        foreach (int speed in (ReadOnlySpan<int>)[10_000, 5_000, 2_500, 1_000, 100])
        {
            if (speed <= partnerMbps && Advertises(speed)) return speed;
        }
        return 0;
    }

    private bool Advertises(int speedMbps) => speedMbps switch
    {
        10_000 => (this[AutoNegotiation, TenGigabitControl] & Advertise10G) != 0,
        5_000 => _card.Options.IsX550 && (this[AutoNegotiation, VendorProvisioning] & Advertise5G) != 0,
        2_500 => _card.Options.IsX550 && (this[AutoNegotiation, VendorProvisioning] & Advertise2G5) != 0,
        1_000 => (this[AutoNegotiation, VendorProvisioning] & Advertise1G) != 0,
        100 => (this[AutoNegotiation, Advertisement] & Advertise100M) != 0,
        _ => false,
    };

    private ushort this[int device, int address]
    {
        get => _values.GetValueOrDefault((device, address));
        set => _values[(device, address)] = value;
    }

    /// <summary>Latches what status registers report about the link until they are read.</summary>
    internal void LinkChanged(bool up)
    {
        _linkChanged = true;
        if (!up) _linkWasDown = true;
    }

    internal ushort Read(int device, int address) => (device, address) switch
    {
        (Pma or Pcs or PhyXs or AutoNegotiation or Vendor, 2) => 0x0154,
        (Pma or Pcs or PhyXs or AutoNegotiation or Vendor, 3) => _card.Options.IsX550 ? (ushort)0x0221 : (ushort)0x0200,
        // Which parts exist: those named here (45.2.1.6).
        (Pma or Pcs or PhyXs or AutoNegotiation or Vendor, 5) =>
            1 << Pma | 1 << Pcs | 1 << PhyXs | 1 << AutoNegotiation,
        (Pma or Pcs or PhyXs or AutoNegotiation or Vendor, 6) => 1 << (Vendor - 16),
        // "Device responding" in bits 15:14; for the PMA also that it can be silenced and looped back, and has more
        // abilities in 1.11 (45.2.1.7); for the PCS that it is one for 10GBASE-T (45.2.3.7).
        (Pma, Status2) => 0x8301,
        (Pcs, Status2) => 0x8008,
        (PhyXs or Vendor, Status2) => 0x8000,
        (AutoNegotiation, Status) => ReadStatus(),
        (AutoNegotiation, PartnerBase) => PartnerCan(100) ? (ushort)0x0101 : (ushort)1,
        (AutoNegotiation, TenGigabitStatus) => PartnerCan(10_000) ? (ushort)0x0800 : (ushort)0,
        (AutoNegotiation, PartnerVendor) =>
        (ushort)((PartnerCan(1_000) ? 0x8000 : 0) | (PartnerCan(10_000) ? 0x0800 : 0)),
        (AutoNegotiation, VendorStatus) => SpeedBits,
        (AutoNegotiation, VendorAlarm) => ReadAlarm(),
        (Vendor, Status) => (ushort)(_card.Link.IsUp ? 0x0008 | (_card.Link.SpeedMbps == 10_000 ? 0 : 0x0010) : 0),
        _ => this[device, address],
    };

    internal void Write(int device, int address, ushort value)
    {
        if (address is 2 or 3 or 5 or 6 or Status2) return;
        if (address == Control && (value & ControlReset) != 0)
        {
            // A reset of any part resets the PHY; the bit clears itself.
            Reset();
            _card.Link.Restart();
            return;
        }
        bool restart = device == AutoNegotiation && address == Control && (value & ControlRestart) != 0;
        this[device, address] = restart ? (ushort)(value & ~(uint)ControlRestart) : value;
        if (restart) _card.Link.Restart();
        else _card.Link.Evaluate();
    }

    private void Reset()
    {
        _values.Clear();
        this[Pma, Control] = 0x2040;
        this[Pma, 4] = 0x0031; // 10 Gb/s, 1 Gb/s, 100 Mb/s
        this[Pma, 0xB] = 0x00A4; // 10GBASE-T, 1000BASE-T, 100BASE-TX
        this[Pma, 0xCC02] = 0x0003; // reset complete
        this[AutoNegotiation, Control] = 0x3000; // enabled, with next pages
        this[AutoNegotiation, Advertisement] = 0x0101;
        this[AutoNegotiation, TenGigabitControl] = Advertise10G;
        this[AutoNegotiation, VendorProvisioning] = Advertise1G;
        if (_card.Options.IsX550) this[AutoNegotiation, VendorProvisioning] |= Advertise5G | Advertise2G5;
        this[Vendor, 0x20] = 0x0102; // firmware version
    }

    // The partner's abilities: its fastest speed and all slower ones.
    private bool PartnerCan(int speedMbps) => _card.HasSignal && speedMbps <= _card.Options.PartnerSpeedMbps;

    // Bits 3:1 speed, bit 0 full duplex: the codes of this family of PHYs.
    private ushort SpeedBits => (_card.Link.IsUp, _card.Link.SpeedMbps) switch
    {
        (false, _) => 0,
        (_, 10_000) => 3 << 1 | 1,
        (_, 5_000) => 5 << 1 | 1,
        (_, 2_500) => 4 << 1 | 1,
        (_, 1_000) => 2 << 1 | 1,
        _ => 1 << 1 | 1,
    };

    // Link status latches low (802.3, 45.2.7.2.6): the first read reports that the link was down.
    private ushort ReadStatus()
    {
        bool up = _card.Link.IsUp;
        int value = 0x0008 | (up ? 0x0020 | 0x0001 : 0) | (up && !_linkWasDown ? 0x0004 : 0);
        _linkWasDown = !up;
        return (ushort)value;
    }

    private ushort ReadAlarm()
    {
        ushort value = _linkChanged ? (ushort)1 : (ushort)0;
        _linkChanged = false;
        return value;
    }
}
