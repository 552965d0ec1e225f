using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

/// <summary>
/// The 10GBASE-T PHY inside an X540 or X550, reached through MDIO (3.7.7). No reset of the card reaches it, so settings
/// left by the previous driver persist and are undone here. Registers are those of IEEE 802.3, clause 45, and of the
/// X540 datasheet, chapter 9.
/// </summary>
internal sealed class IxgbePhy
{
    private const int Pma = 1, Pcs = 3, PhyXs = 4, AutoNegotiation = 7, Vendor = 0x1E;
    private const int Control = 0, Identity = 2, Addresses = 32;
    private const ushort LowPower = 1 << 11, Restart = 1 << 9;

    // A cycle takes 27 µs. A semaphore's owner may hold it for a second (10.5.4).
    private static readonly TimeSpan s_cycle = TimeSpan.FromMilliseconds(10), s_semaphore = TimeSpan.FromSeconds(1);

    private readonly PciDevice _device;
    private readonly PciBar _bar;
    private readonly (int Device, int Register, ushort Clear, ushort Set)[] _wanted;
    private readonly uint _owner;
    private uint _address;

    /// <param name="device">The card.</param>
    /// <param name="bar">Its registers.</param>
    /// <param name="isX550">The PHY also supports 2.5 and 5 Gbit/s.</param>
    internal IxgbePhy(PciDevice device, PciBar bar, bool isX550)
    {
        (_device, _bar) = (device, bar);
        uint port = bar.Read32(STATUS) >> 2 & 3; // LAN id (8.2.3.1.2)
        _owner = port == 0 ? SW_FW_SYNC_.Phy0 : SW_FW_SYNC_.Phy1;
        _wanted =
        [
            (Vendor, Control, LowPower, 0), // the whole PHY: Linux sets it when an interface goes down
            (Pma, Control, LowPower | 1, 0), // and loopback (45.2.1.1)
            (Pma, 9, 0x001F, 0), // the transmitter off, or a pair of it (45.2.1.8)
            (Pcs, Control, LowPower | 1 << 14, 0), // and loopback (45.2.3.1)
            (PhyXs, Control, LowPower | 1 << 14, 0), // and loopback (45.2.4.1)
            (AutoNegotiation, Control, 0, 1 << 12), // enabled (45.2.7.1)
            (AutoNegotiation, 0x10, 0, 1 << 8), // 100BASE-TX
            (AutoNegotiation, 0x20, 0, 1 << 12), // 10GBASE-T
            (AutoNegotiation, 0xC400, 0, isX550 ? (ushort)0x8C00 : (ushort)0x8000), // 1000BASE-T; 5GBASE-T, 2.5GBASE-T
        ];
    }

    /// <summary>
    /// Wakes the PHY and lets it advertise every speed. A PHY that is awake and already advertises them keeps its link.
    /// One that does not answer is left alone: the link status will tell.
    /// </summary>
    internal void Start()
    {
        Take();
        try
        {
            if (!TryFind()) return;
            bool negotiates = true;
            foreach (var (device, register, clear, set) in _wanted)
                negotiates &= IsAlready(device, register, clear, set) || device != AutoNegotiation;
            // The advertisement takes effect with the next negotiation.
            if (!negotiates && TryRead(AutoNegotiation, Control, out ushort control))
                Write(AutoNegotiation, Control, (ushort)(control | Restart));
        }
        finally
        {
            Release();
        }
    }

    // False if the register was different and had to be changed. A register that cannot be read is left alone: the bits
    // in between would be written as well, and one of them resets the PHY.
    private bool IsAlready(int device, int register, ushort clear, ushort set)
    {
        if (!TryRead(device, register, out ushort value)) return true;
        ushort wanted = (ushort)(value & ~clear | set);
        if (wanted != value) Write(device, register, wanted);
        return wanted == value;
    }

    private bool TryFind()
    {
        for (_address = 0; _address < Addresses; _address++)
        {
            if (TryRead(Pma, Identity, out ushort identity) && identity != 0) return true;
        }
        return false;
    }

    // 10.5.4 Software and firmware synchronisation; X540 and X550 guard SW_FW_SYNC with a bit of its own. A driver that
    // was killed releases nothing, so a semaphore still held after its owner's time is up is taken over.
    private void Take()
    {
        if (_device.WaitUntil(TryTake, s_semaphore)) return;
        _bar.Write32(SW_FW_SYNC, _bar.Read32(SW_FW_SYNC) & ~SW_FW_SYNC_.Registers | _owner);
        FreeSoftware();
    }

    private bool TryTake()
    {
        if ((_bar.Read32(SWSM) & SWSM_.SMBI) != 0) return false;
        uint owners = _bar.Read32(SW_FW_SYNC);
        bool isMine = (owners & SW_FW_SYNC_.Registers) == 0;
        bool isFree = (owners & (_owner | _owner << SW_FW_SYNC_.FirmwareShift)) == 0;
        // The write also releases SW_FW_SYNC.
        if (isMine) _bar.Write32(SW_FW_SYNC, isFree ? owners | _owner : owners);
        FreeSoftware();
        return isMine && isFree;
    }

    private void Release()
    {
        _ = _device.WaitUntil(() => (_bar.Read32(SW_FW_SYNC) & SW_FW_SYNC_.Registers) == 0, s_semaphore);
        _bar.Write32(SW_FW_SYNC, _bar.Read32(SW_FW_SYNC) & ~(SW_FW_SYNC_.Registers | _owner));
    }

    private void FreeSoftware() => _bar.Write32(SWSM, _bar.Read32(SWSM) & ~(SWSM_.SMBI | SWSM_.SWESMBI));

    // With no PHY at the address, the line reads as all ones.
    private bool TryRead(int device, int register, out ushort value)
    {
        bool isDone = Cycle(MSCA_.Address, device, register) && Cycle(MSCA_.Read, device, register);
        value = isDone ? (ushort)(_bar.Read32(MSRWD) >> 16) : ushort.MaxValue;
        return value != ushort.MaxValue;
    }

    // Without its address cycle it would go to the previous register.
    private void Write(int device, int register, ushort value)
    {
        if (!Cycle(MSCA_.Address, device, register)) return;
        _bar.Write32(MSRWD, value);
        Cycle(MSCA_.Write, device, register);
    }

    // 8.2.3.22.11: the command bit clears itself when the cycle is done.
    private bool Cycle(uint operation, int device, int register)
    {
        _bar.Write32(MSCA, MSCA_.Command | operation << MSCA_.OperationShift | _address << MSCA_.PhyShift
            | (uint)device << MSCA_.DeviceShift | (uint)register << MSCA_.RegisterShift);
        return _device.WaitUntil(() => (_bar.Read32(MSCA) & MSCA_.Command) == 0, s_cycle);
    }
}
