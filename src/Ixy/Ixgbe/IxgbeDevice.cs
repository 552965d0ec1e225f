using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

/// <summary>
/// The driver for Intel's 10-gigabit cards 82599, X540 and X550. Section numbers are those of the "Intel 82599 10 GbE
/// Controller Datasheet"; the other two cards follow it in all that is used here, but for the PHY.
/// </summary>
public sealed partial class IxgbeDevice : NetworkDevice
{
    internal const string Driver = "ixgbe";

    private const int FcsLength = 4;

    private readonly PciDevice _device;
    private readonly NetworkDeviceOptions _options;
    private readonly PciBar _bar;
    private readonly List<IxgbeReceiveQueue> _receiveQueues = [];
    private readonly List<IxgbeTransmitQueue> _transmitQueues = [];
    private readonly Lock _statisticsLock = new();
    private DeviceStatistics _statistics;
    private int _unicastFilters = 1;

    /// <summary>Resets the card and sets it up (4.6.3). Owns <paramref name="device"/>; the caller disposes it if this throws.</summary>
    /// <exception cref="PciDeviceException">The card does not answer as the datasheet says, or there is no memory.</exception>
    internal IxgbeDevice(PciDevice device, NetworkDeviceOptions options)
    {
        (_device, _options) = (device, options);
        device.EnableBars();
        _bar = device.OpenBar(0);
        DmaArena.Attach(device);
        try
        {
            SetUp();
        }
        catch
        {
            StopAndRelease();
            throw;
        }
        SetQueues(_receiveQueues, _transmitQueues, options.IsChecked);
    }

    /// <inheritdoc/>
    public override string DriverName => Driver;

    /// <inheritdoc/>
    public override PciDevice PciDevice => _device;

    /// <inheritdoc/>
    public override MacAddress MacAddress
    {
        get => ReadReceiveAddress(0);
        set
        {
            RequireUnicast(value);
            WriteReceiveAddress(0, value);
        }
    }

    /// <inheritdoc/>
    public override LinkStatus Link
    {
        get
        {
            uint links = Read(LINKS);
            if ((links & LINKS_.Up) == 0) return default;
            bool other = IxgbeModels.IsX550(_device.DeviceId) && (links & LINKS_.OtherSpeed) != 0;
            return new(true, (links & LINKS_.SpeedMask) switch
            {
                LINKS_.Speed10G => other ? 2_500 : 10_000,
                LINKS_.Speed1G => 1_000,
                LINKS_.Speed100M => other ? 5_000 : 100,
                _ => 0,
            });
        }
    }

    /// <summary>Whether this driver knows the function's vendor and device id.</summary>
    public static bool Supports(PciDevice function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return Supports(function.VendorId, function.DeviceId);
    }

    /// <summary>Whether this driver knows a vendor and device id.</summary>
    public static bool Supports(ushort vendorId, ushort deviceId) => vendorId == 0x8086 && IxgbeModels.Find(deviceId) is not null;

    /// <inheritdoc/>
    public override void AddUnicastFilter(MacAddress address)
    {
        RequireUnicast(address);
        if (Enumerable.Range(1, _unicastFilters - 1).Any(i => ReadReceiveAddress(i) == address)) return;
        if (_unicastFilters == RAL.Count) throw new InvalidOperationException($"all {RAL.Count} receive addresses of {Name} are in use");
        WriteReceiveAddress(_unicastFilters++, address);
    }

    /// <inheritdoc/>
    public override void AddMulticastFilter(MacAddress address)
    {
        RequireMulticast(address);
        // The table is indexed by bits 47 to 36 of the address as the card holds it (MCSTCTRL.MO = 0, 7.1.1.2):
        // the last byte on the wire and the high half of the one before.
        uint hash = (uint)(address.Value & 0xFF) << 4 | (uint)(address.Value >> 12) & 0xF;
        uint register = MTA[(int)(hash >> 5)];
        _bar.Write32(register, _bar.Read32(register) | 1u << (int)(hash & 31));
        Change(MCSTCTRL, MCSTCTRL_.FilterEnable, true);
    }

    /// <inheritdoc/>
    public override DeviceStatistics ReadStatistics()
    {
        // Every register is cleared by the read, so each value is what has come since the last one, whoever read that.
        lock (_statisticsLock) return AddStatistics();
    }

    // A card that is stopped counts nothing meanwhile.
    internal override void TakeCounters()
    {
        if (_device.AnswersNow()) ReadStatistics();
    }

    private DeviceStatistics AddStatistics()
    {
        long missed = 0;
        for (int i = 0; i < MPC.Count; i++) missed += _bar.Read32(MPC[i]);
        for (int i = 0; i < QPRDC.Count; i++) missed += _bar.Read32(QPRDC[i]);
        // All queues count in the first of 16 counters, as long as nobody maps them elsewhere (RQSMR).
        long received = Read(QPRC), sent = Read(GPTC);
        // The low half latches the high one, so it is read first (8.2.3.23). Received bytes are without the FCS, which is stripped; sent bytes are with it.
        long receivedBytes = Read(QBRC_L) | (long)Read(QBRC_H) << 32;
        long sentBytes = Read(GOTCL) | (long)Read(GOTCH) << 32;
        _statistics = _statistics with
        {
            RxPackets = _statistics.RxPackets + received,
            RxBytes = _statistics.RxBytes + receivedBytes,
            TxPackets = _statistics.TxPackets + sent,
            TxBytes = _statistics.TxBytes + sentBytes - sent * FcsLength,
            RxMissed = _statistics.RxMissed + missed,
            RxCrcErrors = _statistics.RxCrcErrors + Read(CRCERRS),
            RxLengthErrors = _statistics.RxLengthErrors + Read(RLEC) + Read(RUC) + Read(ROC),
            RxDropped = _receiveQueues.Sum(queue => queue.Dropped),
            TxDropped = _transmitQueues.Sum(queue => queue.Dropped),
        };
        return _statistics;
    }

    // Multicast frames are let in by MPE alone, so promiscuous mode needs it, too (7.1.1).
    private protected override void SetReceiveModes(bool promiscuous, bool allMulticast)
    {
        uint modes = (promiscuous ? FCTRL_.UnicastPromiscuous : 0) | (promiscuous || allMulticast ? FCTRL_.MulticastPromiscuous : 0);
        WriteFilterControl((Read(FCTRL) & ~(FCTRL_.UnicastPromiscuous | FCTRL_.MulticastPromiscuous)) | modes);
    }

    private protected override IReadOnlyList<IDisposable> Parts => [.. _transmitQueues, .. _receiveQueues];

    private MacAddress ReadReceiveAddress(int index)
    {
        // The registers hold the bytes in wire order, the first in the lowest bits (8.2.3.7.8).
        ulong wire = _bar.Read32(RAL[index]) | (ulong)(_bar.Read32(RAH[index]) & RAH_.AddressMask) << 32;
        return new(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(wire << 16));
    }

    private void WriteReceiveAddress(int index, MacAddress address)
    {
        ulong wire = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(address.Value) >> 16;
        ChooseFirstPool(index);
        _bar.Write32(RAL[index], (uint)wire);
        _bar.Write32(RAH[index], (uint)(wire >> 32) | RAH_.Valid);
    }

    // 8.2.3.7.10: without virtualization all is in pool 0. Whether the card looks at it then is not said (docs/silicon.md).
    private void ChooseFirstPool(int index)
    {
        _bar.Write32(MPSAR[2 * index], 1);
        _bar.Write32(MPSAR[2 * index + 1], 0);
    }

    private uint Read(Register register) => _bar.Read32(register);

    private void Write(Register register, uint value) => _bar.Write32(register, value);

    private void Change(uint offset, uint bits, bool set)
    {
        uint value = _bar.Read32(offset);
        _bar.Write32(offset, set ? value | bits : value & ~bits);
    }

    private bool TryWaitFor(uint offset, uint bits, bool set, int milliseconds) =>
        _device.WaitUntil(() => (_bar.Read32(offset) & bits) == (set ? bits : 0), TimeSpan.FromMilliseconds(milliseconds));

    private void WaitFor(string what, uint offset, uint bits, bool set, int milliseconds)
    {
        if (!TryWaitFor(offset, bits, set, milliseconds))
            throw new DeviceTimeoutException(
                $"{Name}: {what} did not come within {milliseconds} ms: register 0x{offset:x5} is 0x{_bar.Read32(offset):x8}, "
                + $"expected the bits 0x{bits:x8} {(set ? "set" : "clear")}");
    }
}
